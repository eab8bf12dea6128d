Platform.occupyStandardDescriptors()
Platform.ignoreBrokenPipes()
Platform.end(Program.run(Array(CommandLine.arguments.dropFirst())))
