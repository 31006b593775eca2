alice() { chat "$@" --home /tmp/alice --gateway "$GATEWAY"; }
bob() { chat "$@" --home /tmp/bob --gateway "$GATEWAY"; }
alice register "$ALICE"
alice verify "$ALICE" "$ALICE_CODE"
bob register "$BOB"
bob verify "$BOB" "$BOB_CODE"
alice login
bob login
alice friend add "$BOB" || true  # friends already, the second time
bob friend confirm "$ALICE" || true
text="helm test $(date +%s)"
alice send "$BOB" "$text"
bob listen --count 1000 --seconds 10 | tee /tmp/heard
grep -q "$text" /tmp/heard
echo "received: $text"
