#include "tests/load/plain.h"

#include <string>

namespace chat::load {

namespace {

// All of the same length, so that all packets are.
std::string Padded(uint32_t number) {
  const std::string digits = std::to_string(number);
  return std::string(6 - digits.size(), '0') + digits;
}

}  // namespace

std::vector<Account> PlainAccounts(uint32_t devices) {
  std::vector<Account> accounts(devices);
  for (uint32_t i = 0; i < devices; ++i) accounts[i].client_id = "load-" + Padded(i);
  return accounts;
}

std::vector<Conversation> PlainConversations(uint32_t devices) {
  std::vector<Conversation> conversations;
  for (uint32_t i = 0; i + 1 < devices; i += 2) {
    const std::string topic = std::string(kPlainPrefix) + Padded(i / 2);
    for (const uint32_t sender : {i, i + 1}) {
      conversations.push_back({topic, "", {i, i + 1}, sender});
    }
  }
  return conversations;
}

}  // namespace chat::load
