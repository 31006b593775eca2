// The list `services` of a profile, and what the directory learns of a profile (PROTOCOL 5.3, O17).
// Pure.
#pragma once

#include <optional>
#include <string>

#include "chat/v1/records.pb.h"
#include "chat/v1/roster.pb.h"

namespace chat::profile {

// What Profile/link and Profile/email name: the one service of the request, of type email and with
// a well-formed address as login. nullopt for any other list.
struct MailClaim {
  std::string address;  // as given
  std::string code;     // empty: none
};
std::optional<MailClaim> MailClaimOf(const v1::Profile& request);

// The one service of Profile/phone, of type phone: its code, if it is for `phone` (normalised).
std::optional<std::string> MoveCodeOf(const v1::Profile& request, const std::string& phone);

// The address is there as `added`, or stays `verified`. Where there are `limit` addresses already,
// the oldest one that was never verified makes room. False: all are verified; nothing has changed.
bool AddMail(v1::Profile* profile, const std::string& address, size_t limit);
// The address is there as `verified`.
void VerifyMail(v1::Profile* profile, const std::string& address);

// What the directory must know of this profile. account_id and version are unset.
v1::PutAccountRequest DirectoryEntry(const v1::Profile& profile);

}  // namespace chat::profile
