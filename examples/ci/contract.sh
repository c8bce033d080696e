#!/bin/sh
# Start a gateway with the settings next to this file, test it against its contract, and stop it.
# Further options of `endsession contract` can be given. ENDSESSION names another command than `endsession`.
set -eu
ENDSESSION=${ENDSESSION:-endsession}
settings=$(cd "$(dirname "$0")" && pwd)/endsession.toml
folder=$(mktemp -d)
gateway=
trap 'test -z "$gateway" || kill "$gateway" 2>/dev/null || true; rm -rf "$folder"' EXIT

# A provider's key for this run; the settings name the file of its public part.
cp "$settings" "$folder/endsession.toml"
$ENDSESSION keygen --alg RS256 > "$folder/provider.jwk"
python3 - "$folder" <<'END'
import json, pathlib, sys
folder = pathlib.Path(sys.argv[1])
key = json.loads((folder / "provider.jwk").read_text())
public = {name: value for name, value in key.items() if name not in ("d", "p", "q", "dp", "dq", "qi")}
(folder / "provider.jwks").write_text(json.dumps({"keys": [public]}))
END

$ENDSESSION serve --config "$folder/endsession.toml" --log-level warning &
gateway=$!
python3 - "$gateway" <<'END'
import os, sys, time, urllib.error, urllib.request
for _ in range(300):
    os.kill(int(sys.argv[1]), 0)  # it is alive
    try:
        urllib.request.urlopen("http://localhost:8480/readyz", timeout=5)
        break
    except (urllib.error.URLError, OSError):
        time.sleep(0.1)
else:
    sys.exit("the gateway was not ready within 30 seconds")
END

CONTRACT_TOKEN=for-one-run-of-ci CONTRACT_OTHER_TOKEN=for-reading-in-one-run-of-ci \
    $ENDSESSION contract http://localhost:8480 --issuer acme --key "$folder/provider.jwk" --cookie op_session "$@"
