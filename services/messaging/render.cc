#include "services/messaging/render.h"

#include <algorithm>

namespace chat::messaging {

namespace {

constexpr uint32_t kServerQos = 2;  // PROTOCOL 1.2, before it is lowered to the subscription's

}  // namespace

v1::P2p SortedPair(std::string_view one, std::string_view other) {
  v1::P2p pair;
  pair.set_from(std::string(std::min(one, other)));
  pair.set_to(std::string(std::max(one, other)));
  return pair;
}

std::string P2pTopic(const v1::P2p& sorted) { return "p2p/" + sorted.from() + "/" + sorted.to(); }

std::string TopicOf(const MessageRow& row) {
  return row.in_room() ? "room/" + row.to : P2pTopic(SortedPair(row.from, row.to));
}

v1::Message RenderMessage(const MessageRow& row) {
  v1::Message message;
  message.ParseFromString(row.body);
  message.set_id(row.id);
  if (row.in_room()) {
    message.mutable_muc()->set_name(row.to);
  } else {
    *message.mutable_p2p() = SortedPair(row.from, row.to);
  }
  if (row.prev != 0) message.set_prev(row.prev);
  if (row.next != 0) message.set_next(row.next);
  message.set_from(row.from);
  message.set_to(row.to);
  message.set_created(row.created_ms);
  message.set_status(static_cast<v1::Message::Status>(row.status));
  if (row.status == v1::Message::MUC) {  // PROTOCOL 5.7
    for (v1::Desc& desc : *message.mutable_files()) desc.set_id("srv_" + std::to_string(row.id));
  }
  return message;
}

Announced RenderEvent(const MessageRow& row) {
  Announced out;
  v1::Event& event = out.event;
  event.set_lane(v1::Event::DURABLE);
  event.set_feed(row.feed.value);
  event.set_position(row.position);
  event.set_previous(row.previous);
  event.set_topic(TopicOf(row));
  v1::Message& message = *event.mutable_record()->mutable_message();
  message = RenderMessage(row);
  if (row.edited) {
    event.set_first(row.id);
    *event.mutable_unseen()->mutable_message() = message;
    message.set_edit_msg(row.id);
    message.set_status(v1::Message::EDIT);
  }
  event.set_qos(kServerQos);
  event.set_committed_ms(row.committed_ms);
  if (row.in_room()) {
    event.set_members_version(row.members_version);
    out.room = row.feed;
    return out;
  }
  out.to.push_back(row.from_account);
  if (row.to_account != row.from_account) out.to.push_back(row.to_account);
  return out;
}

Announced RenderEvent(const NoticeRow& row) {
  Announced out;
  v1::Event& event = out.event;
  event.set_lane(v1::Event::DURABLE);
  event.set_feed(row.feed.value);
  event.set_position(row.position);
  event.set_previous(row.previous);
  event.set_topic(row.topic);
  event.mutable_record()->ParseFromString(row.record);
  event.set_qos(kServerQos);
  event.set_committed_ms(row.committed_ms);
  if (row.rosters_changed) event.mutable_change()->set_rosters(true);
  if (row.members_version != 0) {
    event.set_members_version(row.members_version);
    out.room = row.feed;
  } else if (event.record().has_room() && event.record().room().status() != v1::Room::LAST_MSG) {
    event.mutable_change()->set_rooms(true);  // of `ses/`: a room was gained or lost
  }
  out.to = row.accounts;
  return out;
}

}  // namespace chat::messaging
