import CLibrary

extension FileDescriptor {
  /// Whether it is a terminal: `isatty`.
  package var isTerminal: Bool { isatty(number) == 1 }

  /// The width of the terminal in columns, 80 if it does not say: `ioctl`.
  package var terminalWidth: Int {
    var size = winsize()
    guard ioctl(number, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return 80 }
    return Int(size.ws_col)
  }

  /// Makes sure that descriptors 0 to 2 are open, so that no file opened later gets one of their
  /// numbers and receives what is meant for the terminal.
  package static func occupyStandardDescriptors() {
    for number: Int32 in 0...2 where fcntl(number, F_GETFD) == -1 {
      _ = open("/dev/null", number == 0 ? O_WRONLY : O_RDONLY)
    }
  }
}
