// Who stands behind roster ids and phone ids: roster's directory as room needs it.
#pragma once

#include <absl/status/status.h>
#include <grpcpp/channel.h>

#include <memory>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "chat/v1/roster.grpc.pb.h"
#include "libs/base/ids.h"
#include "libs/rpc/call.h"

namespace chat::room {

// What has been asked so far, for one request. One thread.
class Known {
 public:
  // Blank for one that is not known; noted as missing unless it was asked for.
  const v1::RosterPerson& Of(RosterId roster);
  // nullptr: there is no such roster, or nobody asked.
  const v1::RosterPerson* At(const std::string& phone_id) const;
  bool misses() const { return !missing_.empty(); }
  // Noted since the last call.
  std::vector<RosterId> TakeMissing();

 private:
  friend class People;
  void Add(v1::PeopleReply reply);
  std::unordered_map<RosterId, v1::RosterPerson> people_;
  std::unordered_map<std::string, RosterId> at_;
  std::unordered_set<RosterId> asked_, missing_;
};

// Thread safe.
class People {
 public:
  explicit People(const std::shared_ptr<grpc::Channel>& roster)
      : stub_(v1::RosterInternal::NewStub(roster)) {}

  // Adds to `known` whom it does not hold yet, as `viewer` (0: nobody's friend) sees them.
  absl::Status Ask(const rpc::Call& call, RosterId viewer, const std::vector<RosterId>& rosters,
                   const std::vector<std::string>& phone_ids, Known* known);

 private:
  std::unique_ptr<v1::RosterInternal::Stub> stub_;
};

}  // namespace chat::room
