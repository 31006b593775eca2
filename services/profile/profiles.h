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

  // The account of the phone and its first roster, made when missing. An error may leave an account
  // without a roster; the next call gives it one.
  absl::StatusOr<v1::AccountReply> Ensure(const rpc::Call& call, const std::string& phone);

  // The full Profile with full rosters and presence `online`: only connected devices ask. kNotFound
  // when there is no such account.
  absl::StatusOr<v1::AccountReply> Open(const rpc::Call& call, AccountId id,
                                        v1::Profile::Status status);

  // As Open, after replacing the settings.
  absl::StatusOr<v1::AccountReply> SetSettings(const rpc::Call& call, AccountId id,
                                               const v1::Profile& settings);

 private:
  absl::StatusOr<v1::AccountReply> Join(const rpc::Call& call, std::optional<Account> account,
                                        v1::Profile::Status status);

  ProfileStore& store_;
  v1::RosterInternal::StubInterface& roster_;
};

}  // namespace chat::profile
