// Tags and stars as verbs of the domain. One implementation holds their SQL (pg_favourite_store.h).
// Thread safe; calls block until the deadline at most. Errors are those of pg::Pool::Run and the
// ones named here. What changes something tells messaging, in the same transaction, what `notices`
// makes of it.
#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "chat/v1/messaging.pb.h"
#include "libs/base/ids.h"
#include "services/roster/roster_store.h"

namespace chat::roster {

struct TagRow {
  int64_t id = 0;
  RosterRow roster;
  std::string name;
  std::optional<std::string> color;
};

struct StarRow {
  int64_t message_id = 0;
  std::vector<int64_t> tags;  // as the owner gave them
};

// Of one roster (PROTOCOL 4.6).
struct FavouriteLimits {
  int64_t tags = 200;
  int64_t stars = 10'000;
};

// Which tag: by id, or, when that is 0, by the name in a roster.
struct TagKey {
  int64_t id = 0;
  RosterId roster;
  std::string name;
};

struct Favourites {
  std::vector<TagRow> tags;    // in order of id
  std::vector<StarRow> stars;  // in order of message id
};

class FavouriteStore {
 public:
  virtual ~FavouriteStore() = default;

  virtual absl::StatusOr<Favourites> Of(Deadline deadline, const RosterRow& roster) = 0;

  using TagNotice = std::function<v1::Change(const TagRow&)>;
  // A tag of this name that exists already is told again as it is. kResourceExhausted: no more
  // tags.
  virtual absl::Status CreateTag(Deadline deadline, const TagRow& tag, const TagNotice& notice) = 0;
  // Writes a name and color by the rules of PROTOCOL 4.3. kNotFound: no such tag of the account;
  // kAlreadyExists: another tag of the roster has the name.
  virtual absl::Status EditTag(Deadline deadline, AccountId account, const TagKey& key,
                               const std::optional<std::string>& name,
                               const std::optional<std::string>& color,
                               const TagNotice& notice) = 0;
  // Takes it out of the stars as well. kNotFound: no such tag of the account.
  virtual absl::Status RemoveTag(Deadline deadline, AccountId account, const TagKey& key,
                                 const TagNotice& notice) = 0;

  // Stars the message, or replaces the star's tags. kInvalidArgument: one of the tags is none of
  // the roster's; kResourceExhausted: no more stars.
  virtual absl::Status PutStar(Deadline deadline, const RosterRow& roster, const StarRow& star,
                               const v1::Change& notice) = 0;
  // kNotFound: not starred.
  using StarNotice = std::function<v1::Change(const StarRow&)>;
  virtual absl::Status RemoveStar(Deadline deadline, const RosterRow& roster, int64_t message_id,
                                  const StarNotice& notice) = 0;
};

}  // namespace chat::roster
