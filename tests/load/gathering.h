#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "tests/load/fleet.h"

namespace chat::load {

using Friendship = std::pair<uint32_t, uint32_t>;  // who asks, who confirms

// Makes friends and rooms, and of them the fleet's conversations (PROTOCOL 5.5, 5.7). The devices
// are ready before it begins; it owns the fleet's hook `record` while it lives.
class Gathering {
 public:
  explicit Gathering(Fleet& fleet);
  ~Gathering();
  Gathering(const Gathering&) = delete;
  Gathering& operator=(const Gathering&) = delete;

  // At most 100 a device may ask for in a day (O17); to be asked is free.
  void Befriend(const std::vector<Friendship>& friendships);
  // The first member makes the room and adds the others, its friends, by 1,000.
  void MakeRoom(const std::vector<uint32_t>& members);
  // What is begun and not done; call between rounds. Begins more of it.
  size_t Advance();
  // For a message when it does not come to an end.
  std::string Waiting() const;

 private:
  void OnRecord(Device& device, std::string_view topic, const google::protobuf::Message& record);
  void OnContact(Device& device, const v1::Contact& contact);
  void OnRoom(const v1::Room& room);
  void Ask(Device& device, const google::protobuf::Message& record);

  struct Edge {
    Friendship friendship;
    bool first_knows = false;
    bool second_knows = false;
    bool confirmed = false;
  };
  struct Room {
    std::vector<uint32_t> members;
    size_t told = 0;
  };
  Fleet& fleet_;
  std::map<std::string, uint32_t> by_phone_id_;
  std::vector<Friendship> not_begun_;
  std::map<Friendship, Edge> edges_;  // begun; by (smaller, larger)
  std::map<std::string, Room> rooms_;
  size_t rooms_made_ = 0;
};

// The topic of two devices' private feed: the phone ids in order of their bytes (PROTOCOL 6.4).
std::string PrivateTopic(const Account& one, const Account& other);

}  // namespace chat::load
