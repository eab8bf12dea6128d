extension FileHandle {
  /// Writes all bytes.
  func write(_ bytes: [UInt8]) throws(SystemError) {
    let result: Result<Void, SystemError> = bytes.withUnsafeBytes { bytes in
      do throws(SystemError) { return .success(try write(bytes)) } catch { return .failure(error) }
    }
    try result.get()
  }
}
