Platform.occupyStandardDescriptors()
Platform.ignoreSignalsOfWriting()
Platform.endOnInterruption()
Platform.end(Program.run(Array(CommandLine.arguments.dropFirst())))
