// The records and the stores of the tests are those that others test their stores with.
@_exported public import RMOSTesting
