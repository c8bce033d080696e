module tour

go 1.24

require endsession/sdk/go v0.0.0

replace endsession/sdk/go => ../../sdk/build/go
