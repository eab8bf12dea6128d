import Foundation
import Testing

@testable import RMOSHTTP

@Suite("Access policy") struct AccessPolicyTests {
  private func status(
    _ policy: AccessPolicy, host: String, _ fields: String = "", method: String = "GET"
  ) throws -> Int? {
    let text = "\(method) / HTTP/1.1\r\nHost: \(host)\r\n\(fields)\r\n"
    let heads = RequestParserTests.heads(RequestParserTests.events(Array(text.utf8)))
    let head = try #require(heads.first)
    let refusal = policy.refusal(head)
    // The public API for mounted handlers must give the same result.
    let request = ServerRequest(method: head.method, target: head.target, fields: head.fields)
    #expect(policy.refusal(of: request) == refusal?.response)
    return refusal?.status
  }

  @Test("A refusal is a page to a browser that asks for a page, otherwise JSON")
  func pages() throws {
    try RunningServer({ configuration in
      configuration.token = "open-sesame"
      configuration.isPage = { $0 == "/" }
      configuration.hostAdvice = "an option"
    }).use { server in
      func answer(_ target: String, _ fields: String) throws -> RawClient.Answer {
        let client = try server.client()
        client.send("GET \(target) HTTP/1.1\r\n\(fields)\r\n")
        return try #require(try client.answer())
      }
      let html = "Accept: text/html,application/xhtml+xml;q=0.9\r\n"
      for (fields, status, words) in [
        ("Host: evil.example\r\n", 421, "allowed hosts (an option)"),
        ("Host: localhost\r\n", 401, "enter the token as the password"),
        ("Host: localhost\r\nOrigin: http://a<b&c\r\n", 403, "http://a&lt;b&amp;c"),
      ] {
        let page = try answer("/", fields + html)
        #expect(page.status == status && page.body.contains(words), "\(page)")
        #expect(page.fields["content-type"] == "text/html; charset=utf-8")
        #expect(page.body.hasPrefix("<!DOCTYPE html>"))
        #expect(page.fields["cache-control"] == "no-store")
        #expect((status == 401) == (page.fields["www-authenticate"] != nil))
        for (target, accepted) in [("/", "Accept: */*\r\n"), ("/", ""), ("/api", html)] {
          let other = try answer(target, fields + accepted)
          #expect(other.status == status && other.body.hasPrefix(#"{"success":false"#))
          #expect(other.fields["content-type"] == "application/json")
        }
      }
    }
  }

  private func policy(
    port: Int = 8000, listening: Set<String> = ["127.0.0.1"], isWildcard: Bool = false,
    hosts: [String] = [], token: String? = nil
  ) throws -> AccessPolicy {
    try AccessPolicy(
      port: port, listening: listening, isWildcard: isWildcard, hosts: hosts, token: token)
  }

  private let local: AccessPolicy

  init() throws { local = try AccessPolicy(port: 8000) }

  @Test(
    "The names of the loopback interface are accepted, with the server's port",
    arguments: [
      "localhost:8000", "LOCALHOST.:8000", "127.0.0.1:8000", "127.1.2.3:8000", "[::1]:8000",
      "[0:0:0:0:0:0:0:1]:8000",
    ])
  func ownNames(_ host: String) throws { #expect(try status(local, host: host) == nil) }

  @Test(
    "Any other name or port is refused",
    arguments: [
      "evil.example:8000", "localhost.evil.example:8000", "127.0.0.1.evil.example:8000",
      "127.evil:8000", "localhost", "localhost:80", "localhost:8001", "10.0.0.1:8000",
      "0.0.0.0:8000", "[::2]:8000",
    ])
  func otherNames(_ host: String) throws { #expect(try status(local, host: host) == 421) }

  @Test("Further hosts are accepted, with any port or with the given one")
  func allowed() throws {
    let policy = try policy(hosts: ["shop.example", "b.example:99"])
    #expect(try status(policy, host: "shop.example") == nil)
    #expect(try status(policy, host: "shop.example:443") == nil)
    #expect(try status(policy, host: "b.example:99") == nil)
    #expect(try status(policy, host: "b.example") == 421)
  }

  @Test("A server on all interfaces accepts every address, but no other name")
  func wildcard() throws {
    let policy = try policy(port: 80, listening: ["0.0.0.0"], isWildcard: true)
    #expect(try status(policy, host: "10.1.2.3") == nil)
    #expect(try status(policy, host: "[2001:db8::1]:80") == nil)
    #expect(try status(policy, host: "rebound.example") == 421)
  }

  @Test(
    "Requests from pages of other origins are refused, unless they follow a link",
    arguments: [
      ("Origin: http://localhost:8000\r\n", "GET", nil),
      ("Origin: https://localhost:8000\r\n", "POST", nil),
      ("Origin: http://localhost\r\n", "GET", 403),
      ("Origin: http://localhost:3000\r\n", "GET", 403),
      ("Origin: http://127.0.0.1:8000\r\n", "GET", 403), ("Origin: null\r\n", "GET", 403),
      ("Origin: \r\n", "GET", 403), ("Origin: http://evil.example\r\n", "OPTIONS", 403),
      ("Origin: http://localhost:8000\r\nOrigin: http://evil\r\n", "GET", 400),
      ("Sec-Fetch-Site: same-origin\r\n", "POST", nil), ("Sec-Fetch-Site: none\r\n", "GET", nil),
      ("Sec-Fetch-Site: cross-site\r\n", "GET", 403),
      ("Sec-Fetch-Site: same-site\r\nSec-Fetch-Mode: no-cors\r\n", "GET", 403),
      ("Sec-Fetch-Site: cross-site\r\nSec-Fetch-Mode: navigate\r\n", "GET", nil),
      ("Sec-Fetch-Site: cross-site\r\nSec-Fetch-Mode: navigate\r\n", "POST", 403),
    ] as [(String, String, Int?)])
  func origins(_ fields: String, _ method: String, _ expected: Int?) throws {
    #expect(try status(local, host: "localhost:8000", fields, method: method) == expected)
  }

  @Test("An origin may omit the default port of its scheme, as behind a proxy")
  func proxyOrigin() throws {
    let policy = try policy(hosts: ["shop.example"])
    let origin = "Origin: https://shop.example\r\n"
    #expect(try status(policy, host: "shop.example", origin) == nil)
    #expect(try status(policy, host: "shop.example:443", origin) == nil)
    #expect(try status(policy, host: "shop.example:80", origin) == 403)
  }

  @Test("A token must be presented, as a bearer token or as a password")
  func token() throws {
    let policy = try policy(token: "s3cret:x")
    func status(_ credentials: String?) throws -> Int? {
      try self.status(
        policy, host: "localhost:8000", credentials.map { "Authorization: \($0)\r\n" } ?? "")
    }
    func basic(_ text: String) -> String { "Basic " + Data(text.utf8).base64EncodedString() }
    #expect(try status("Bearer s3cret:x") == nil)
    #expect(try status("bearer  s3cret:x") == nil)
    #expect(try status("Basic   " + basic("anyone:s3cret:x").dropFirst(6)) == nil)
    #expect(try status(basic("anyone:s3cret:x")) == nil)
    #expect(try status(basic(":s3cret:x")) == nil)
    let wrong = [
      "Bearer s3cret", "Bearer s3cret:xx", "Bearer ", "Bearer", "s3cret:x", "Basic s3cret:x",
      basic("s3cret:x"), basic("a:s3cret:y"), "Basic ====", "Digest s3cret:x",
    ]
    for credentials in wrong {
      #expect(try status(credentials) == 401, "\(credentials)")
    }
    #expect(try status(nil) == 401)
    let refusal = policy.refusal(
      try #require(
        RequestParserTests.heads(
          RequestParserTests.events(Array("GET / HTTP/1.0\r\n\r\n".utf8))
        ).first))
    #expect(refusal?.fields.first?.value.hasPrefix("Basic ") == true)
  }

  @Test(
    "A field that may occur only once is refused if it is repeated",
    arguments: ["Authorization", "Content-Type", "Origin", "Sec-Fetch-Mode", "Sec-Fetch-Site"])
  func repeatedFields(_ name: String) throws {
    let right = [
      "Authorization": "Bearer t", "Content-Type": "application/json",
      "Origin": "http://localhost:8000", "Sec-Fetch-Mode": "cors", "Sec-Fetch-Site": "same-origin",
    ]
    let policy = try policy(token: "t")
    let fields = right.map { "\($0.key): \($0.value)\r\n" }.joined()
    #expect(try status(policy, host: "localhost:8000", fields) == nil)
    let again = "\(name.lowercased()): \(right[name] ?? "")\r\n"
    #expect(try status(policy, host: "localhost:8000", fields + again) == 400)
    #expect(
      try status(policy, host: "localhost:8000", fields + "If-Match: a\r\nIf-Match: b\r\n") == nil)
  }

  @Test("A request that does not name exactly one host is refused")
  func missingHost() {
    for fields in [[], ["a", "a"], [""], ["a b"], ["localhost:x"]] {
      let request = ServerRequest(
        method: "GET", target: "/", fields: fields.map { HeaderField("host", $0) })
      #expect(local.refusal(of: request)?.status == 400)
    }
  }

  @Test("An invalid port, host or token is refused")
  func nonsense() {
    for (port, hosts, token) in [
      (-1, [], nil), (65_536, [], nil), (80, ["a b"], nil), (80, ["http://a"], nil),
      (80, [], ""), (80, [], "a b"), (80, [], "é"),
    ] as [(Int, [String], String?)] {
      let error = #expect(throws: HTTPServerError.self) {
        try AccessPolicy(port: port, hosts: hosts, token: token)
      }
      #expect(error?.code == .invalidOption)
    }
  }
}
