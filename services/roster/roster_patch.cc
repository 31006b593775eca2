#include "services/roster/roster_patch.h"

#include <utility>

#include "libs/base/status.h"
#include "libs/rpc/refusal.h"
#include "services/roster/nick.h"

namespace chat::roster {
namespace {

void DropUnchanged(std::optional<std::string>* field, const std::optional<std::string>& stored) {
  if (*field && ((*field)->empty() || *field == stored)) field->reset();
}

}  // namespace

absl::StatusOr<RosterPatch> NickOf(const v1::Roster& request) {
  RosterPatch patch;
  if (!request.has_nick()) return patch;
  patch.nick = request.nick();
  if (request.nick().empty()) return patch;
  std::optional<std::string> folded = FoldNick(request.nick());
  if (!folded) return rpc::Refuse(v1::INVALID_NICK, "Roster.nick: not 2 to 32 letters and digits");
  patch.nick_folded = *std::move(folded);
  return patch;
}

absl::StatusOr<RosterPatch> PatchOf(const v1::Roster& request) {
  CHAT_ASSIGN_OR_RETURN(RosterPatch patch, NickOf(request));
  if (request.has_names()) patch.names = request.names();
  if (request.has_surnames()) patch.surnames = request.surnames();
  if (request.has_email()) patch.email = request.email();
  if (request.has_avatar()) patch.avatar = request.avatar();
  return patch;
}

absl::StatusOr<RosterPatch> UpdateOf(const v1::Roster& request, const RosterRow& stored) {
  CHAT_ASSIGN_OR_RETURN(RosterPatch patch, PatchOf(request));
  DropUnchanged(&patch.names, stored.names);
  DropUnchanged(&patch.surnames, stored.surnames);
  DropUnchanged(&patch.email, stored.email);
  DropUnchanged(&patch.avatar, stored.avatar);
  DropUnchanged(&patch.nick, stored.nick);
  return patch;
}

bool IsEmpty(const RosterPatch& patch) {
  return !patch.names && !patch.surnames && !patch.email && !patch.avatar && !patch.nick;
}

}  // namespace chat::roster
