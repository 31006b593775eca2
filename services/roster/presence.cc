#include "services/roster/presence.h"

#include <string>

namespace chat::roster {

std::vector<bool> RedisPresence::Online(std::span<const AccountId> accounts) {
  std::vector<bool> online(accounts.size(), false);
  if (accounts.empty()) return online;
  const std::string now = std::to_string(clock_.UnixMs());
  std::vector<std::vector<std::string>> commands;
  commands.reserve(accounts.size());
  for (AccountId account : accounts) {
    commands.push_back({"ZCOUNT", "online:" + std::to_string(account.value), now, "+inf"});
  }
  const auto answers = client_.Run(commands);
  if (!answers.ok() || answers->size() != accounts.size()) return online;
  for (size_t i = 0; i < answers->size(); ++i) {
    const auto& leases = (*answers)[i];
    online[i] =
        leases.has_value() && !leases->empty() && leases->front() >= '1' && leases->front() <= '9';
  }
  return online;
}

}  // namespace chat::roster
