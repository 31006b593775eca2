#include "services/roster/search_query.h"

#include <algorithm>
#include <optional>
#include <string_view>
#include <utility>

#include "libs/base/ids.h"
#include "libs/base/status.h"
#include "libs/base/utf8.h"
#include "libs/rpc/refusal.h"
#include "services/roster/nick.h"

namespace chat::roster {
namespace {

constexpr size_t kMaxValues = 1000;
constexpr size_t kMaxBytes = 1024;
constexpr size_t kMinPrefix = 3;

struct Way {
  std::string_view field, type;
  SearchBy by;
};
constexpr Way kWays[] = {
    {"phone", "==", SearchBy::kPhone},         {"nick", "==", SearchBy::kNick},
    {"names", "==", SearchBy::kNames},         {"names", "like", SearchBy::kNamesPrefix},
    {"surnames", "==", SearchBy::kSurnames},   {"surnames", "like", SearchBy::kSurnamesPrefix},
    {"email", "==", SearchBy::kVerifiedEmail},
};

absl::Status Invalid(std::string_view why) { return rpc::Refuse(v1::INVALID_DATA, why); }

std::vector<std::string> ValuesOf(const v1::Search& request) {
  if (request.has_one()) return {request.one()};
  return {request.many().texts().begin(), request.many().texts().end()};
}

// Address books write phones with blanks, dashes, brackets.
std::optional<std::string> Digits(std::string_view value) {
  std::string digits;
  for (char c : value) {
    if (c >= '0' && c <= '9') digits += c;
  }
  return NormalisePhone(digits);
}

absl::Status CheckValue(bool prefix, const std::string& value) {
  const std::optional<size_t> characters = CountCharacters(value);
  if (value.size() > kMaxBytes) return Invalid("Search.value: too long");
  if (!characters || value.find('\0') != std::string::npos) {
    return Invalid("Search.value: not UTF-8 text");
  }
  if (prefix && *characters < kMinPrefix) return Invalid("Search.value: a prefix too short");
  return absl::OkStatus();
}

// nullopt: nothing equals it.
std::optional<std::string> Normalised(SearchBy by, std::string value) {
  if (by == SearchBy::kPhone) return Digits(value);
  if (by == SearchBy::kNick) return FoldNick(value);
  return value.empty() ? std::nullopt : std::optional(std::move(value));
}

absl::StatusOr<std::vector<std::string>> CheckedValues(const v1::Search& request, bool prefix) {
  std::vector<std::string> values = ValuesOf(request);
  if (values.size() > kMaxValues) return Invalid("Search.value: too many");
  for (const std::string& value : values) CHAT_RETURN_IF_ERROR(CheckValue(prefix, value));
  return values;
}

void Sort(std::vector<std::string>* values) {
  std::sort(values->begin(), values->end());
  values->erase(std::unique(values->begin(), values->end()), values->end());
}

}  // namespace

absl::StatusOr<SearchQuery> ParseSearch(const v1::Search& request) {
  const auto* way = std::find_if(std::begin(kWays), std::end(kWays), [&](const Way& one) {
    return one.field == request.field() && one.type == request.type();
  });
  if (way == std::end(kWays)) return Invalid("Search.field, type: no such way to search");
  const bool prefix = way->by == SearchBy::kNamesPrefix || way->by == SearchBy::kSurnamesPrefix;
  CHAT_ASSIGN_OR_RETURN(std::vector<std::string> given, CheckedValues(request, prefix));
  SearchQuery query{way->by, {}, static_cast<int64_t>(given.size())};
  for (std::string& value : given) {
    std::optional<std::string> wanted = Normalised(query.by, std::move(value));
    if (wanted) query.values.push_back(*std::move(wanted));
  }
  Sort(&query.values);
  return query;
}

absl::StatusOr<RoomSearch> ParseRoomSearch(const v1::Search& request, RosterId searching) {
  const bool exact = request.type() == "==";
  const bool by_id = request.field() == "id" && exact;
  const bool by_name = request.field() == "names" && (exact || request.type() == "like");
  if (!by_id && !by_name) return Invalid("Search.field, type: no such way to search a room");
  CHAT_ASSIGN_OR_RETURN(std::vector<std::string> values, CheckedValues(request, !exact));
  RoomSearch search{{}, static_cast<int64_t>(values.size())};
  std::erase(values, "");
  Sort(&values);
  if (values.empty()) return search;
  v1::FindRoomsRequest find;
  find.set_roster_id(searching.value);
  if (by_id) {
    for (std::string& value : values) find.add_ids(std::move(value));
    search.finds.push_back(std::move(find));
    return search;
  }
  find.set_exact(exact);
  for (std::string& value : values) {
    find.set_prefix(std::move(value));
    search.finds.push_back(find);
  }
  return search;
}

}  // namespace chat::roster
