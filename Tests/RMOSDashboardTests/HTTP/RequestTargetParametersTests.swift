import RMOSHTTP
import Testing

@testable import RMOSDashboard

@Suite struct RequestTargetParametersTests {
  @Test func aPageTakesTheLastOfAParameter() throws {
    let target = try RequestTarget("/patterns/?q=a&q=last")
    #expect(target.pagePath == ["patterns"])
    #expect(target["q"] == "last")
    #expect(target["other"] == nil)
    #expect(try RequestTarget("/a+b").pagePath == ["a+b"])
  }
}
