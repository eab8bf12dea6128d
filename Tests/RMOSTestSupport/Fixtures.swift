import RMOSModels
