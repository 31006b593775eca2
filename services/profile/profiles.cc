#include "services/profile/profiles.h"

#include "libs/base/status.h"

namespace chat::profile {

using Roster = v1::RosterInternal::StubInterface;

absl::StatusOr<v1::AccountReply> Profiles::WithRoster(const rpc::Call& call, AccountId id,
                                                      const std::string& phone) {
  v1::EnsureRosterRequest request;
  request.set_account_id(id.value);
  request.set_phone(phone);
  v1::RostersReply rosters;
  CHAT_RETURN_IF_ERROR(rpc::Invoke(call, roster_, &Roster::EnsureRoster, request, &rosters));
  v1::AccountReply reply;
  reply.set_account_id(id.value);
  reply.set_phone(phone);
  *reply.mutable_rosters() = std::move(*rosters.mutable_own());
  return reply;
}

absl::StatusOr<v1::AccountReply> Profiles::Open(const rpc::Call& call, AccountId id,
                                                v1::Profile::Status status) {
  CHAT_ASSIGN_OR_RETURN(std::optional<Account> account, store_.Find(call.deadline, id));
  return Join(call, std::move(account), status);
}

absl::StatusOr<v1::AccountReply> Profiles::SetSettings(const rpc::Call& call, AccountId id,
                                                       const v1::Profile& settings) {
  const auto replace = [&](v1::Profile* profile) {
    if (settings.settings_size() > 0) *profile->mutable_settings() = settings.settings();
  };
  CHAT_ASSIGN_OR_RETURN(std::optional<Account> account, store_.Change(call.deadline, id, replace));
  return Join(call, std::move(account), v1::Profile::SET);
}

absl::StatusOr<v1::AccountReply> Profiles::Update(const rpc::Call& call, AccountId id) {
  CHAT_ASSIGN_OR_RETURN(std::optional<Account> account,
                        store_.Change(call.deadline, id, [](v1::Profile*) {}));
  CHAT_ASSIGN_OR_RETURN(v1::AccountReply reply,
                        Join(call, std::move(account), v1::Profile::UPDATE));
  v1::AnnounceRequest announce;
  announce.set_account_id(id.value);
  v1::AnnounceReply announced;
  CHAT_RETURN_IF_ERROR(rpc::Invoke(call, roster_, &Roster::Announce, announce, &announced));
  return reply;
}

absl::StatusOr<v1::AccountReply> Profiles::Join(const rpc::Call& call,
                                                std::optional<Account> account,
                                                v1::Profile::Status status) {
  if (!account) return absl::NotFoundError("there is no such account");
  v1::RostersRequest request;
  request.set_account_id(account->id.value);
  v1::RostersReply rosters;
  CHAT_RETURN_IF_ERROR(rpc::Invoke(call, roster_, &Roster::Rosters, request, &rosters));
  v1::AccountReply reply;
  reply.set_account_id(account->id.value);
  reply.set_phone(account->profile.phone());
  *reply.mutable_rosters() = std::move(*rosters.mutable_own());
  v1::Profile& profile = *reply.mutable_profile() = std::move(account->profile);
  for (v1::Roster& roster : *rosters.mutable_rosters()) {
    *profile.add_rosters()->mutable_roster() = std::move(roster);
  }
  profile.set_presence(v1::ONLINE);
  profile.set_status(status);
  return reply;
}

}  // namespace chat::profile
