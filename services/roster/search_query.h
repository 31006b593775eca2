// What a Search asks for, checked and normalised (PROTOCOL 5.8, 4.6). Pure.
#pragma once

#include <absl/status/statusor.h>

#include <cstdint>
#include <string>
#include <vector>

#include "chat/v1/records.pb.h"
#include "chat/v1/room.pb.h"
#include "libs/base/ids.h"

namespace chat::roster {

enum class SearchBy : uint8_t {
  kPhone,           // every roster of the phone
  kNick,            // exact after folding (nick.h)
  kNames,           // exact without case
  kNamesPrefix,     // begins so, without case
  kSurnames,        // as kNames
  kSurnamesPrefix,  // as kNamesPrefix
  kVerifiedEmail,   // exact without case, of addresses that profile has verified
};

struct SearchQuery {
  SearchBy by = SearchBy::kPhone;
  // What may be found, none twice: digits for kPhone, folded for kNick, else as given. A value that
  // nothing can equal (too few digits for a phone, no nick) is not among them.
  std::vector<std::string> values;
  int64_t given = 0;  // values in the request
};

// Refusal invalid_data: a field or type that is none or not enabled (`link`, `'!='`), a type that
// the field does not have, over 1000 values, a value that is over 1024 bytes or no UTF-8 without
// NUL, a prefix of fewer than 3 characters. No value at all is a query that finds nobody.
absl::StatusOr<SearchQuery> ParseSearch(const v1::Search& request);

// Search/room: a room by its id, channels by their name or a prefix of it. None of the finds, which
// are to be made one after the other, has more than one name.
struct RoomSearch {
  std::vector<v1::FindRoomsRequest> finds;
  int64_t given = 0;  // values in the request
};
// Refusal invalid_data as ParseSearch.
absl::StatusOr<RoomSearch> ParseRoomSearch(const v1::Search& request, RosterId searching);

}  // namespace chat::roster
