#include "tests/load/gathering.h"

#include <algorithm>

#include "libs/client/request.h"

namespace chat::load {

namespace {

constexpr size_t kAtOnce = 64;
// Members that one request may name (PROTOCOL 4.6).
constexpr size_t kPage = 1000;

Friendship Sorted(Friendship pair) {
  return {std::min(pair.first, pair.second), std::max(pair.first, pair.second)};
}

}  // namespace

std::string PrivateTopic(const Account& one, const Account& other) {
  const auto [first, second] = std::minmax(one.phone_id, other.phone_id);
  return "p2p/" + first + "/" + second;
}

Gathering::Gathering(Fleet& fleet) : fleet_(fleet) {
  for (const Device& device : fleet_.devices()) {
    by_phone_id_[device.account().phone_id] = device.index();
  }
  fleet_.hooks().record = [this](Device& device, std::string_view topic, const auto& record) {
    OnRecord(device, topic, record);
  };
}

Gathering::~Gathering() { fleet_.hooks().record = nullptr; }

void Gathering::Befriend(const std::vector<Friendship>& friendships) {
  not_begun_.insert(not_begun_.end(), friendships.rbegin(), friendships.rend());
}

void Gathering::MakeRoom(const std::vector<uint32_t>& members) {
  const std::string id = fleet_.run() + "room" + std::to_string(rooms_made_++);
  rooms_[id].members = members;
  v1::Room room;
  room.set_id(id);
  room.set_name("load " + std::to_string(rooms_made_));
  room.set_type(v1::Room::GROUP);
  room.set_status(v1::Room::CREATE);
  size_t named = 1;
  for (bool first = true; first || named < members.size(); first = false) {
    room.clear_members();
    for (; named < members.size() && room.members_size() < static_cast<int>(kPage); ++named) {
      room.add_members()->set_phone_id(fleet_.devices()[members[named]].account().phone_id);
    }
    if (!first) room.set_status(v1::Room::ADD);
    Ask(fleet_.devices()[members[0]], room);
  }
}

size_t Gathering::Advance() {
  while (!not_begun_.empty() && edges_.size() < kAtOnce) {
    const Friendship friendship = not_begun_.back();
    not_begun_.pop_back();
    edges_[Sorted(friendship)].friendship = friendship;
    Device& first = fleet_.devices()[friendship.first];
    v1::Friend request;
    request.set_phone_id(first.account().phone_id);
    request.set_friend_id(fleet_.devices()[friendship.second].account().phone_id);
    request.set_status(v1::Friend::REQUEST);
    Ask(first, request);
  }
  return not_begun_.size() + edges_.size() + rooms_.size();
}

std::string Gathering::Waiting() const {
  std::string text = std::to_string(not_begun_.size()) + " friendships not begun, " +
                     std::to_string(edges_.size()) + " begun, " + std::to_string(rooms_.size()) +
                     " rooms";
  for (const auto& [code, count] : fleet_.counters().refusals) {
    text += ", " + std::to_string(count) + " times " + code;
  }
  return text;
}

void Gathering::OnRecord(Device& device, std::string_view topic,
                         const google::protobuf::Message& record) {
  if (const auto* contact = dynamic_cast<const v1::Contact*>(&record)) OnContact(device, *contact);
  const auto* room = dynamic_cast<const v1::Room*>(&record);
  if (room != nullptr && !topic.starts_with("room/")) OnRoom(*room);
}

void Gathering::OnContact(Device& device, const v1::Contact& contact) {
  const auto other = by_phone_id_.find(contact.phone_id());
  if (other == by_phone_id_.end()) return;
  const auto found = edges_.find(Sorted({device.index(), other->second}));
  if (found == edges_.end()) return;
  Edge& edge = found->second;
  const bool is_second = device.index() == edge.friendship.second;
  if (contact.status() == v1::Contact::AUTHORIZATION && is_second && !edge.confirmed) {
    edge.confirmed = true;
    v1::Friend confirm;
    confirm.set_phone_id(device.account().phone_id);
    confirm.set_friend_id(contact.phone_id());
    confirm.set_status(v1::Friend::CONFIRM);
    Ask(device, confirm);
  }
  if (contact.status() != v1::Contact::FRIEND) return;
  (is_second ? edge.second_knows : edge.first_knows) = true;
  if (edge.first_knows && edge.second_knows) edges_.erase(found);
}

// The maker has an answer, everybody else a Room on its `ses/`.
void Gathering::OnRoom(const v1::Room& room) {
  const auto found = rooms_.find(room.id());
  if (found == rooms_.end()) return;
  if (room.status() != v1::Room::CREATE && room.status() != v1::Room::ADD) return;
  if (++found->second.told < found->second.members.size()) return;
  fleet_.AddConversation({"room/" + room.id(), room.id(), found->second.members});
  rooms_.erase(found);
}

void Gathering::Ask(Device& device, const google::protobuf::Message& record) {
  Errand errand;
  errand.payload = client::Payload(record);
  device.Submit(std::move(errand));
}

}  // namespace chat::load
