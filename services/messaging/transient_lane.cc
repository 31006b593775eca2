#include "services/messaging/transient_lane.h"

#include <utility>
#include <vector>

#include "libs/base/status.h"
#include "libs/rpc/refusal.h"

namespace chat::messaging {

absl::Status TransientLane::Relay(const rpc::Call& call, AccountId account, RosterId author,
                                  v1::Event event) {
  CHAT_ASSIGN_OR_RETURN(PgProjectionStore::Access access,
                        projections_.AccessTo(call.deadline, account, event.topic()));
  if (!access.write) {
    return rpc::Refuse(v1::PERMISSION_DENIED, "topic: the account may not write there");
  }
  CHAT_ASSIGN_OR_RETURN(PgProjectionStore::Audience audience,
                        projections_.AudienceOf(call.deadline, author, event.topic()));
  if (audience.accounts.empty() && !audience.room) {
    return rpc::Refuse(v1::PERMISSION_DENIED, "topic: the author is not in the feed");
  }
  event.set_lane(v1::Event::TRANSIENT);
  event.set_trace(call.trace);
  event.set_members_version(audience.members_version);
  const std::string payload = event.SerializeAsString();
  std::vector<redis::Publication> batch;
  for (AccountId reader : audience.accounts) {
    batch.push_back({"a:" + std::to_string(reader.value), payload});
  }
  if (audience.room) batch.push_back({"r:" + std::to_string(audience.room.value), payload});
  publish_(std::move(batch), [](bool) {});
  return absl::OkStatus();
}

void TransientLane::Tell(AccountId account, const v1::Event& event) {
  publish_({{"a:" + std::to_string(account.value), event.SerializeAsString()}}, [](bool) {});
}

}  // namespace chat::messaging
