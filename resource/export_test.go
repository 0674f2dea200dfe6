package resource

// What the tests of this room look at from outside of it, because they use the room above.
const ConfigVariable = configVariable
const ContentLimit = contentLimit
const Enforcing = enforcing
const Permissive = permissive
const SelinuxConfig = selinuxConfig
const UnitPoll = unitPoll

type Tagged = tagged

var BootstrapDropIn = bootstrapDropIn
var ConfigOf = configOf
var Decode = decode
var KindOf = kindOf
var ManifestState = manifestState
var PacketFilters = packetFilters
var Recordable = recordable
var Sum = sum
