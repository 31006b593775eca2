#include "services/roster/transient.h"

#include <algorithm>
#include <string>
#include <unordered_map>
#include <utility>

namespace chat::roster {

void Transient::ToAccount(AccountId account, v1::Event event) {
  event.set_lane(v1::Event::TRANSIENT);
  publish_({{"a:" + std::to_string(account.value), event.SerializeAsString()}}, nullptr);
}

void Transient::ToAccounts(std::vector<Addressed> events, std::function<void(bool)> done) {
  std::vector<AccountId> all;
  for (const Addressed& one : events) {
    all.insert(all.end(), one.accounts.begin(), one.accounts.end());
  }
  std::sort(all.begin(), all.end());
  all.erase(std::unique(all.begin(), all.end()), all.end());
  std::unordered_map<AccountId, std::vector<std::string>> gateways;
  for (const auto& [gateway, accounts] : presence_.Holders(all)) {
    for (AccountId account : accounts) gateways[account].push_back(gateway);
  }
  std::vector<redis::Publication> batch;
  for (Addressed& one : events) {
    one.event.set_lane(v1::Event::TRANSIENT);
    Presence::ByGateway copies;
    for (AccountId account : one.accounts) {
      for (const std::string& gateway : gateways[account]) copies[gateway].push_back(account);
    }
    for (const auto& [gateway, accounts] : copies) {
      one.event.clear_accounts();
      for (AccountId account : accounts) one.event.add_accounts(account.value);
      batch.push_back({"g:" + gateway, one.event.SerializeAsString()});
    }
  }
  if (!batch.empty()) return publish_(std::move(batch), std::move(done));
  if (done) done(true);
}

}  // namespace chat::roster
