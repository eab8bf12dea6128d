import RMOSCommandLine
import RMOSSystem

FileDescriptor.occupyStandardDescriptors()
Signals.ignoreThoseOfWriting()
ChildProcess.rememberEndings()
Signals.endOnInterruption()
ProcessEnvironment.end(Program.run(Array(CommandLine.arguments.dropFirst())).rawValue)
