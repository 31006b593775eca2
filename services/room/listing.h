// Who a request lists (PROTOCOL 3.16, 5.7). Pure.
#pragma once

#include <string>
#include <vector>

#include "chat/v1/records.pb.h"

namespace chat::room {

struct Listed {
  std::string phone_id;
  bool admin = false;
};

// Members and admins of the request in their order, each phone id once, admin wins. An entry
// without a phone id stays, as ""; it names nobody. In the shifted layout of 3.16 the ordinary
// members lie in `admins` when there are no admins: where `members` is empty, an entry of `admins`
// whose own status is `member` is one. Room/create has no shifted layout.
std::vector<Listed> ListedIn(const v1::Room& request);

}  // namespace chat::room
