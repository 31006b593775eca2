// What a Friend request makes of a locked pair: what is stored and what messaging is told. Pure.
#pragma once

#include <string>

#include "chat/v1/call.pb.h"
#include "services/roster/friendship.h"
#include "services/roster/roster_store.h"

namespace chat::roster {

struct FriendRequest {
  Verb verb;
  std::string packet;  // of rpc::PacketKey()
  bool dup = false;    // the PUBLISH was marked as a repetition
  struct {
    bool party = false;
    bool counterparty = false;
  } online;
};

// The feed's change comes before the notices, so that nobody hears of a change that messaging does
// not yet judge by. A repetition of the PUBLISH that made the pair's last change changes nothing
// and gets the same answer.
PairWrite ChangeFriendship(const LockedPair& pair, const FriendRequest& request);

// The p2p feed of the pair opens or closes, under the pair's next version.
v1::Change FeedChange(const LockedPair& pair, bool open);

}  // namespace chat::roster
