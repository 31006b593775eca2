// Client ids of the CHAT profile (PROTOCOL 1.2, 5.1.4, 6). Pure.
#pragma once

#include <string>
#include <string_view>

namespace chat::auth {

constexpr size_t kMaxClientId = 1024;  // bytes (PROTOCOL 1.2)

enum class ClientKind {
  kRegistering,  // reg_… or emqttd_reg_…
  kDevice,       // emqttd_…: anonymous or authenticated
  kForeign,      // anything else, ill-formed ids included
};

ClientKind Classify(std::string_view client_id);

// The id under which a device connects after its verification: the prefix `reg_` or `emqttd_reg_`
// is replaced by `emqttd_`. The result is never a registering id and never longer than
// kMaxClientId; what does not fit is cut between characters and `_<suffix>` tells such ids apart.
// `client_id` is kRegistering.
std::string SessionClientId(std::string_view client_id, std::string_view suffix);

// `client_id` with `_<suffix>` appended, for an id that belongs to another device; cut as above.
std::string WithSuffix(std::string_view client_id, std::string_view suffix);

// Whether a verification may replace the row that already has its client id (PROTOCOL O12).
struct Owner {
  std::string phone;
  std::string dev_key;
};
bool MayReplace(const Owner& existing, const Owner& verified);

}  // namespace chat::auth
