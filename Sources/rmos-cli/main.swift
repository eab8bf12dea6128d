import RMOSCommandLine

CommandLineProgram(name: "rmos-cli").main()
