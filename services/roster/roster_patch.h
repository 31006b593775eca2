// What a Roster request writes (PROTOCOL 5.4, 4.3). Pure.
#pragma once

#include <absl/status/statusor.h>

#include "chat/v1/records.pb.h"
#include "services/roster/roster_store.h"

namespace chat::roster {

// Roster/patch and create: names, surnames, email, avatar and nick as given; `<<>>` clears. Refusal
// invalid_nick.
absl::StatusOr<RosterPatch> PatchOf(const v1::Roster& request);
// Roster/nick: the nick alone.
absl::StatusOr<RosterPatch> NickOf(const v1::Roster& request);
// Roster/update: as PatchOf, but only what is not empty and differs from what is stored.
absl::StatusOr<RosterPatch> UpdateOf(const v1::Roster& request, const RosterRow& stored);

bool IsEmpty(const RosterPatch& patch);

}  // namespace chat::roster
