#include "tests/load/traffic.h"

#include <algorithm>

#include "libs/client/request.h"

namespace chat::load {

namespace {

constexpr size_t kMostUnfinished = 200;  // of one device, with a rate
constexpr int64_t kPageRows = -20;

std::string_view Other(const Fleet& fleet, const Conversation& conversation, uint32_t device) {
  const uint32_t other =
      conversation.members[0] == device ? conversation.members[1] : conversation.members[0];
  return fleet.devices()[other].account().phone_id;
}

void SetPair(std::string_view one, std::string_view other, v1::P2p* pair) {
  const auto [first, second] = std::minmax(one, other);
  pair->set_from(std::string(first));
  pair->set_to(std::string(second));
}

}  // namespace

Traffic::Traffic(Fleet& fleet, const TrafficOptions& options)
    : fleet_(fleet),
      options_(options),
      random_(options.seed),
      seats_of_(fleet.devices().size()),
      turn_(fleet.devices().size(), 0) {
  const auto& conversations = fleet_.conversations();
  for (uint32_t index = 0; index < conversations.size(); ++index) {
    for (const uint32_t device : conversations[index].members) {
      if (conversations[index].sender.value_or(device) != device) continue;
      seats_.push_back({index, device, false, {}});
    }
  }
  std::shuffle(seats_.begin(), seats_.end(), random_);
  for (uint32_t seat = 0; seat < seats_.size(); ++seat) {
    seats_of_[seats_[seat].device].push_back(seat);
  }
  due_ = static_cast<double>(NowUs());
  next_due_ = NowUs();
  if (options_.rate > 0) {
    interval_us_ = 1e6 / options_.rate;
    return;
  }
  fleet_.hooks().done = [this](Device& device, const Errand&) { Fill(device.index()); };
  fleet_.hooks().ready = [this](Device& device) { Fill(device.index()); };
  for (uint32_t device = 0; device < fleet_.devices().size(); ++device) Fill(device);
}

Traffic::~Traffic() {
  fleet_.hooks().done = nullptr;
  fleet_.hooks().ready = nullptr;
}

void Traffic::Advance(Micros now) {
  if (stopped_ || options_.rate <= 0) {
    next_due_ = now + 50'000;
    return;
  }
  for (; due_ <= static_cast<double>(now) && !seats_.empty(); due_ += interval_us_) {
    Seat& seat = seats_[next_seat_++ % seats_.size()];
    if (fleet_.devices()[seat.device].unfinished() >= kMostUnfinished) {
      ++passed_over_;
      continue;
    }
    SendOne(seat, static_cast<Micros>(due_));
  }
  next_due_ = static_cast<Micros>(due_);
}

void Traffic::Fill(uint32_t device) {
  Device& mine = fleet_.devices()[device];
  const auto& seats = seats_of_[device];
  // Records that are done when they are written call for the next one by themselves.
  while (!stopped_ && !seats.empty() && mine.ready() && mine.unfinished() < options_.window) {
    SendOne(seats_[seats[turn_[device]++ % seats.size()]], NowUs());
  }
}

void Traffic::SendOne(Seat& seat, Micros due) {
  Device& device = fleet_.devices()[seat.device];
  const uint32_t sum = options_.messages + options_.typing + options_.edits + options_.history;
  uint32_t pick = static_cast<uint32_t>(random_() % std::max(sum, 1u));
  if (pick < options_.typing && options_.rate > 0) return SendTyping(seat, device, due);
  if (pick < options_.typing) SendTyping(seat, device, due);  // and a message, that is acknowledged
  pick -= std::min(pick, options_.typing);
  if (pick < options_.edits && SendEdit(seat, device, due)) return;
  pick -= std::min(pick, options_.edits);
  if (pick < options_.history && seat.has_sent) return AskHistory(seat, device, due);
  SendMessage(seat, device, due);
}

void Traffic::SendMessage(Seat& seat, Device& device, Micros due) {
  const SendId send = fleet_.ledger().NewSend(seat.conversation, seat.device, due);
  seat.last = send;
  seat.has_sent = true;
  const Conversation& conversation = fleet_.conversations()[seat.conversation];
  if (conversation.sender) {
    return device.Submit({Errand::Kind::kMessage, NextQos(), send, 0, due,
                          TextOf(fleet_.run(), {send, 0}, options_.text_bytes),
                          conversation.topic});
  }
  v1::Message message;
  SetFeed(seat, &message);
  message.set_msg_id(MessageId(fleet_.run(), send));
  message.set_from(device.account().phone_id);
  AddText({send, 0}, &message);
  message.set_status(v1::Message::CLIENT);
  device.Submit({Errand::Kind::kMessage, NextQos(), send, 0, due, client::Payload(message)});
}

bool Traffic::SendEdit(const Seat& seat, Device& device, Micros due) {
  if (!seat.has_sent || !fleet_.ledger().IsAcknowledged(seat.last)) return false;
  const int64_t id = fleet_.ledger().IdOf(seat.last);
  if (id == 0) return false;
  const uint32_t version = fleet_.ledger().NewEdit(seat.last);
  if (version == 0) return false;
  v1::Message message;
  message.set_id(id);
  AddText({seat.last, version}, &message);
  message.set_status(v1::Message::EDIT);
  device.Submit({Errand::Kind::kEdit, mqtt::Qos::kAtLeastOnce, seat.last, version, due,
                 client::Payload(message)});
  return true;
}

void Traffic::SendTyping(const Seat& seat, Device& device, Micros due) {
  const Conversation& conversation = fleet_.conversations()[seat.conversation];
  v1::Typing typing;
  typing.set_author(device.account().phone_id);
  typing.set_room(conversation.room.empty() ? std::string(Other(fleet_, conversation, seat.device))
                                            : conversation.room);
  device.Submit(
      {Errand::Kind::kTyping, mqtt::Qos::kAtMostOnce, {}, 0, due, client::Payload(typing)});
}

void Traffic::AskHistory(const Seat& seat, Device& device, Micros due) {
  const Conversation& conversation = fleet_.conversations()[seat.conversation];
  v1::History history;
  history.set_roster_id(device.account().phone_id);
  if (conversation.room.empty()) {
    SetPair(device.account().phone_id, Other(fleet_, conversation, seat.device),
            history.mutable_p2p());
  } else {
    history.mutable_muc()->set_name(conversation.room);
  }
  history.set_size(kPageRows);
  history.set_status(v1::History::GET);
  device.Submit(
      {Errand::Kind::kHistory, mqtt::Qos::kAtLeastOnce, {}, 0, due, client::Payload(history)});
}

void Traffic::SetFeed(const Seat& seat, v1::Message* message) const {
  const Conversation& conversation = fleet_.conversations()[seat.conversation];
  if (!conversation.room.empty()) {
    message->mutable_muc()->set_name(conversation.room);
    message->set_to(conversation.room);
    return;
  }
  const std::string& own = fleet_.devices()[seat.device].account().phone_id;
  const std::string_view other = Other(fleet_, conversation, seat.device);
  SetPair(own, other, message->mutable_p2p());
  message->set_to(std::string(other));
}

void Traffic::AddText(const Mark& mark, v1::Message* message) const {
  v1::Desc* text = message->add_files();
  text->set_id(MessageId(fleet_.run(), mark.send) + "_d");
  text->set_mime("text");
  text->set_payload(TextOf(fleet_.run(), mark, options_.text_bytes));
}

}  // namespace chat::load
