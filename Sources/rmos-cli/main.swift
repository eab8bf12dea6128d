Platform.occupyStandardDescriptors()
Platform.ignoreSignalsOfWriting()
Platform.end(Program.run(Array(CommandLine.arguments.dropFirst())))
