// chat-roster's directory as this service's outbox tells it of accounts.
#pragma once

#include "chat/v1/roster.grpc.pb.h"
#include "libs/pg/outbox.h"

namespace chat::profile {

// The outbox's deliverer: payloads are serialised chat.v1.PutAccountRequest of one account, the
// last one says all. The stub outlives it.
pg::Outbox::Deliver TellDirectory(v1::RosterInternal::StubInterface& roster);

}  // namespace chat::profile
