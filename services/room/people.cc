#include "services/room/people.h"

#include <utility>

#include "libs/base/status.h"

namespace chat::room {
namespace {

// An avatar may take 4 KiB: a full reply stays below gRPC's 16 MiB.
constexpr int kPeoplePerCall = 1000;

}  // namespace

const v1::RosterPerson& Known::Of(RosterId roster) {
  static const v1::RosterPerson kNobody;
  if (const auto person = people_.find(roster); person != people_.end()) return person->second;
  if (!asked_.contains(roster)) missing_.insert(roster);
  return kNobody;
}

const v1::RosterPerson* Known::At(const std::string& phone_id) const {
  const auto roster = at_.find(phone_id);
  return roster == at_.end() ? nullptr : &people_.at(roster->second);
}

std::vector<RosterId> Known::TakeMissing() {
  std::vector<RosterId> missing(missing_.begin(), missing_.end());
  missing_.clear();
  return missing;
}

void Known::Add(v1::PeopleReply reply) {
  for (v1::RosterPerson& person : *reply.mutable_people()) {
    const RosterId roster{person.roster_id()};
    asked_.insert(roster);
    at_[person.phone_id()] = roster;
    people_[roster] = std::move(person);
  }
}

absl::Status People::Ask(const rpc::Call& call, RosterId viewer,
                         const std::vector<RosterId>& rosters,
                         const std::vector<std::string>& phone_ids, Known* known) {
  v1::PeopleRequest request;
  const auto send = [&]() -> absl::Status {
    if (request.roster_ids().empty() && request.phone_ids().empty()) return absl::OkStatus();
    request.set_viewer(viewer.value);
    v1::PeopleReply reply;
    CHAT_RETURN_IF_ERROR(
        rpc::Invoke(call, *stub_, &v1::RosterInternal::Stub::People, request, &reply));
    known->Add(std::move(reply));
    request.Clear();
    return absl::OkStatus();
  };
  for (const std::string& phone_id : phone_ids) {
    request.add_phone_ids(phone_id);
    if (request.phone_ids_size() == kPeoplePerCall) CHAT_RETURN_IF_ERROR(send());
  }
  CHAT_RETURN_IF_ERROR(send());
  for (const RosterId roster : rosters) {
    if (!known->asked_.insert(roster).second) continue;
    request.add_roster_ids(roster.value);
    if (request.roster_ids_size() == kPeoplePerCall) CHAT_RETURN_IF_ERROR(send());
  }
  return send();
}

}  // namespace chat::room
