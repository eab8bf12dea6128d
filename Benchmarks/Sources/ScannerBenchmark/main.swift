// Prints the throughput of the JSON scanner in MB/s: the best of several rounds for each file named
// on the command line.

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
  return [UInt8](unsafeUninitializedCapacity: size + JSONScanner.padding) { buffer, count in
    let got = fread(buffer.baseAddress, 1, size, file)
    count = got + JSONScanner.padding
    buffer[got..<count].initialize(repeating: 0)
  }
}

for path in CommandLine.arguments.dropFirst() {
  guard let bytes = contents(of: path) else {
    print("\(path): cannot be read, or is empty")
    continue
  }
  let size = bytes.count - JSONScanner.padding
  let rounds = max(5, 200_000_000 / size)
  var best = Duration.seconds(1_000_000)
  for _ in 0..<rounds {
    let time = try ContinuousClock().measure {
      try bytes.withUnsafeBufferPointer { buffer in
        guard let base = buffer.baseAddress else { return }
        try JSONScanner.validate(padded: base, count: size)
      }
    }
    best = min(best, time)
  }
  let seconds = Double(best.components.attoseconds) / 1e18 + Double(best.components.seconds)
  print("\(path): \(Int(Double(size) / seconds / 1e6)) MB/s, \(size) bytes")
}
