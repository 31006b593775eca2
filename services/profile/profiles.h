// A Profile as its owner sees it: the stored account joined with the rosters of chat-roster. Thread
// safe.
#pragma once

#include <absl/status/statusor.h>

#include "chat/v1/profile.pb.h"
#include "chat/v1/roster.grpc.pb.h"
#include "libs/rpc/call.h"
#include "services/profile/profile_store.h"

namespace chat::profile {

class Profiles {
 public:
  // Both outlive this.
  Profiles(ProfileStore& store, v1::RosterInternal::StubInterface& roster)
      : store_(store), roster_(roster) {}

  // The account and its first roster, made when missing.
  absl::StatusOr<v1::AccountReply> WithRoster(const rpc::Call& call, AccountId id,
                                              const std::string& phone);

  // The full Profile with full rosters and presence `online`: only connected devices ask. kNotFound
  // when there is no such account.
  absl::StatusOr<v1::AccountReply> Open(const rpc::Call& call, AccountId id,
                                        v1::Profile::Status status);

  // As Open, after replacing the settings, unless there are none (PROTOCOL 4.3).
  absl::StatusOr<v1::AccountReply> SetSettings(const rpc::Call& call, AccountId id,
                                               const v1::Profile& settings);

  // As Open, after `update` has become now and chat-roster has shown the rosters to those who see
  // them (PROTOCOL 5.3, Profile/update).
  absl::StatusOr<v1::AccountReply> Update(const rpc::Call& call, AccountId id);

 private:
  absl::StatusOr<v1::AccountReply> Join(const rpc::Call& call, std::optional<Account> account,
                                        v1::Profile::Status status);

  ProfileStore& store_;
  v1::RosterInternal::StubInterface& roster_;
};

}  // namespace chat::profile
