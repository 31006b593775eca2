#include "services/media/feeds.h"

#include <algorithm>

#include "libs/base/status.h"

namespace chat::media {

absl::Status Feeds::Apply(pg::Deadline deadline, const std::vector<pg::OutboxRow>& rows) {
  v1::ApplyRequest request;
  for (const pg::OutboxRow& row : rows) {
    v1::Change& change = *request.add_changes();
    if (!change.ParseFromString(row.payload)) {
      return absl::DataLossError(View("outbox row " + std::to_string(row.id)));
    }
    change.set_source("media");
    change.set_sequence(row.id);
  }
  rpc::Call call = rpc::Background(std::chrono::seconds(5));
  call.deadline = std::min(call.deadline, deadline);
  v1::ApplyReply reply;
  return rpc::Invoke(call, messaging_, &v1::FeedsInternal::StubInterface::Apply, request, &reply);
}

absl::StatusOr<std::optional<AccountId>> Feeds::Friend(const rpc::Call& call, RosterId roster,
                                                       const std::string& phone_id) {
  v1::PeopleRequest request;
  request.set_viewer(roster.value);
  request.add_phone_ids(phone_id);
  v1::PeopleReply reply;
  CHAT_RETURN_IF_ERROR(
      rpc::Invoke(call, roster_, &v1::RosterInternal::StubInterface::People, request, &reply));
  for (const v1::RosterPerson& person : reply.people()) {
    if (person.phone_id() == phone_id && person.friend_()) {
      return std::optional(AccountId{person.account_id()});
    }
  }
  return std::optional<AccountId>();
}

absl::StatusOr<bool> Feeds::MayRead(const rpc::Call& call, AccountId account,
                                    const std::string& topic) {
  v1::FeedAccessRequest request;
  request.set_account_id(account.value);
  request.set_topic(topic);
  v1::FeedAccessReply reply;
  CHAT_RETURN_IF_ERROR(
      rpc::Invoke(call, messaging_, &v1::FeedsInternal::StubInterface::Access, request, &reply));
  return reply.read();
}

}  // namespace chat::media
