// What is published for a client without its connection: direct publishes on their way to the owner
// of the topic, and wills (PROTOCOL 1.2, 1.4, O14).
#pragma once

#include <absl/status/status.h>

#include <functional>
#include <string>

#include "chat/v1/call.pb.h"
#include "chat/v1/messaging.pb.h"
#include "libs/mqtt/connection.h"

namespace chat::gateway {

class Backends;
struct GatewayParts;

// To messaging (p2p/, room/) or roster (ses/, ac/), who check that the account may and publish.
// `done` is called once, on any thread.
void Relay(Backends& backends, const v1::RelayRequest& request,
           std::function<void(absl::Status)> done);

// Publishes a will as its client could have; what it may not do is dropped and counted. Nobody
// waits for it: a request gets no answer. `version/N` is no message and goes nowhere.
void PublishWill(GatewayParts& parts, const v1::Caller& caller, const std::string& token,
                 const mqtt::StoredWill& will);

// The same for one that outlived its connection; its client's rosters are asked for first.
void PublishStoredWill(GatewayParts& parts, const v1::StoredWill& will);
v1::StoredWill ToStored(const mqtt::Will& will);

}  // namespace chat::gateway
