// Stored rows as clients see them: ids become phone ids, the pair of a p2p feed is sorted as text
// (PROTOCOL 6.4), topics are named (PROTOCOL 1.3). Pure.
#pragma once

#include <string>
#include <string_view>

#include "chat/v1/records.pb.h"
#include "services/messaging/rows.h"

namespace chat::messaging {

// The halves in byte order.
v1::P2p SortedPair(std::string_view one, std::string_view other);
std::string P2pTopic(const v1::P2p& sorted);
// The topic of the message's feed, `p2p/A/B` or `room/R`.
std::string TopicOf(const MessageRow& row);

// As History shows it.
v1::Message RenderMessage(const MessageRow& row);
// The durable event that announces the row in its latest state, to both accounts or to the room. An
// edited or removed one as the edit, and as History shows it to those who never had it (PROTOCOL
// O2).
Announced RenderEvent(const MessageRow& row);
// The event of a row whose topic is known.
Announced RenderEvent(const NoticeRow& row);

}  // namespace chat::messaging
