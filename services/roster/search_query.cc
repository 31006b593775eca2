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

absl::Status CheckValue(SearchBy by, const std::string& value) {
  const std::optional<size_t> characters = CountCharacters(value);
  if (value.size() > kMaxBytes) return Invalid("Search.value: too long");
  if (!characters || value.find('\0') != std::string::npos) {
    return Invalid("Search.value: not UTF-8 text");
  }
  const bool prefix = by == SearchBy::kNamesPrefix || by == SearchBy::kSurnamesPrefix;
  if (prefix && *characters < kMinPrefix) return Invalid("Search.value: a prefix too short");
  return absl::OkStatus();
}

// nullopt: nothing equals it.
std::optional<std::string> Normalised(SearchBy by, std::string value) {
  if (by == SearchBy::kPhone) return Digits(value);
  if (by == SearchBy::kNick) return FoldNick(value);
  return value.empty() ? std::nullopt : std::optional(std::move(value));
}

}  // namespace

absl::StatusOr<SearchQuery> ParseSearch(const v1::Search& request) {
  const auto* way = std::find_if(std::begin(kWays), std::end(kWays), [&](const Way& one) {
    return one.field == request.field() && one.type == request.type();
  });
  if (way == std::end(kWays)) return Invalid("Search.field, type: no such way to search");
  std::vector<std::string> given = ValuesOf(request);
  if (given.size() > kMaxValues) return Invalid("Search.value: too many");
  SearchQuery query{way->by, {}, static_cast<int64_t>(given.size())};
  for (std::string& value : given) {
    CHAT_RETURN_IF_ERROR(CheckValue(query.by, value));
    std::optional<std::string> wanted = Normalised(query.by, std::move(value));
    if (wanted) query.values.push_back(*std::move(wanted));
  }
  std::sort(query.values.begin(), query.values.end());
  query.values.erase(std::unique(query.values.begin(), query.values.end()), query.values.end());
  return query;
}

}  // namespace chat::roster
