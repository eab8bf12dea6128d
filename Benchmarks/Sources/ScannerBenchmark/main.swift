// Prints how many megabytes of JSON a second the scanner checks: the best of some rounds over each
// file named on the command line.

import RMOSModels

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

func contents(of path: String) -> [UInt8]? {
  guard let file = fopen(path, "rb") else { return nil }
  defer { fclose(file) }
  fseek(file, 0, SEEK_END)
  let size = ftell(file)
  rewind(file)
  guard size > 0 else { return nil }
  return [UInt8](unsafeUninitializedCapacity: size) { buffer, count in
    count = fread(buffer.baseAddress, 1, size, file)
  }
}

for path in CommandLine.arguments.dropFirst() {
  guard let bytes = contents(of: path) else {
    print("\(path): cannot be read, or is empty")
    continue
  }
  let rounds = max(5, 200_000_000 / bytes.count)
  var best = Duration.seconds(1_000_000)
  for _ in 0..<rounds {
    let time = try ContinuousClock().measure {
      try bytes.withUnsafeBytes { try JSONScanner.validate($0) }
    }
    best = min(best, time)
  }
  let seconds = Double(best.components.attoseconds) / 1e18 + Double(best.components.seconds)
  print("\(path): \(Int(Double(bytes.count) / seconds / 1e6)) MB/s, \(bytes.count) bytes")
}
