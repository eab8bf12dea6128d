import RMOSCommandLine

CommandLineProgram(name: "rmos-postgres", openers: [PostgresOpener(), SQLiteOpener()]).main()
