#include "services/roster/favourite_service.h"

#include <gmock/gmock.h>

#include "services/roster/roster_fixture.h"

namespace chat::roster {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using Tags = v1::TagService::Stub;
using Stars = v1::StarService::Stub;

v1::ErrorCode Refused(const absl::Status& status) {
  return rpc::RefusalOf(status).value_or(v1::ERROR_CODE_UNSET);
}

class FavouriteServiceTest : public RosterFixture {
 protected:
  using TagMethod = grpc::Status (Tags::*)(grpc::ClientContext*, const v1::Tag&, v1::Reply*);
  using StarMethod = grpc::Status (Stars::*)(grpc::ClientContext*, const v1::Star&, v1::Reply*);

  static v1::Tag Tag(const Person& who, const std::string& name, const std::string& color = "") {
    v1::Tag tag;
    tag.set_roster_id(who.phone_id);
    if (!name.empty()) tag.set_name(name);
    if (!color.empty()) tag.set_color(color);
    return tag;
  }
  static v1::Tag TagId(int64_t id) {
    v1::Tag tag;
    tag.set_id(id);
    return tag;
  }
  static v1::Star Star(const Person& who, int64_t message, std::vector<int64_t> tags = {}) {
    v1::Star star;
    star.set_roster_id(who.phone_id);
    star.mutable_message()->set_id(message);
    for (int64_t tag : tags) star.add_tags(tag);
    return star;
  }
  absl::Status Ask(const Person& who, TagMethod method, const v1::Tag& tag) {
    v1::Reply reply;
    const absl::Status status = As(who, method, *tags_, tag, &reply);
    EXPECT_EQ(reply.records_size(), 0);
    return status;
  }
  absl::Status Ask(const Person& who, StarMethod method, const v1::Star& star) {
    v1::Reply reply;
    const absl::Status status = As(who, method, *stars_, star, &reply);
    EXPECT_EQ(reply.records_size(), 0);
    return status;
  }
  // A new tag's id.
  int64_t Make(const Person& who, const std::string& name) {
    EXPECT_EQ(Ask(who, &Tags::Create, Tag(who, name)), absl::OkStatus());
    return messaging_.Take().back().notice().record().tag().id();
  }
  v1::Roster Full(const Person& who) {
    v1::RostersRequest request;
    request.set_account_id(who.account.value);
    v1::RostersReply reply;
    EXPECT_EQ(As(who, &v1::RosterInternal::Stub::Rosters, *inside_, request, &reply),
              absl::OkStatus());
    return reply.rosters(0);
  }
  std::string To(const Person& who, const std::string& what) {
    return "to " + std::to_string(who.account.value) + ": " + what;
  }
};

TEST_F(FavouriteServiceTest, ATagIsMadeOnceAndToldAgain) {
  const Person ann = Join("Ann");
  ASSERT_EQ(Ask(ann, &Tags::Create, Tag(ann, "work", "red")), absl::OkStatus());
  std::vector<v1::Change> told = messaging_.Take();
  EXPECT_THAT(Told(told), ElementsAre(To(ann, "tag work red create")));
  const v1::Tag made = told[0].notice().record().tag();
  EXPECT_GT(made.id(), 0);
  EXPECT_EQ(made.roster_id(), ann.phone_id);
  ASSERT_EQ(Ask(ann, &Tags::Create, Tag(ann, "work", "blue")), absl::OkStatus());
  told = messaging_.Take();
  EXPECT_EQ(told[0].notice().record().tag().SerializeAsString(), made.SerializeAsString())
      << "the existing one is told as it is";
  v1::Tag unnamed;
  unnamed.set_name("home");
  ASSERT_EQ(Ask(ann, &Tags::Create, unnamed), absl::OkStatus()) << "without roster id: the oldest";
  EXPECT_THAT(Told(messaging_.Take()), ElementsAre(To(ann, "tag home  create")));
}

TEST_F(FavouriteServiceTest, TagsAreRefusedToStrangersWithoutNameAndAboveTheLimit) {
  const Person ann = Join("Ann"), bob = Join("Bob");
  EXPECT_EQ(Refused(Ask(bob, &Tags::Create, Tag(ann, ""))), v1::NOT_AUTHORIZED);
  EXPECT_EQ(Refused(Ask(ann, &Tags::Create, Tag(ann, ""))), v1::INVALID_DATA);
  Make(ann, "one");
  Make(ann, "two");
  EXPECT_EQ(Refused(Ask(ann, &Tags::Create, Tag(ann, "three"))), v1::PERMISSION_DENIED);
  EXPECT_EQ(Ask(ann, &Tags::Create, Tag(ann, "two")), absl::OkStatus()) << "it exists";
  EXPECT_EQ(Ask(bob, &Tags::Create, Tag(bob, "one")), absl::OkStatus()) << "names are a roster's";
}

TEST_F(FavouriteServiceTest, ATagIsEditedByIdOrByNameAsThePatchRulesSay) {
  const Person ann = Join("Ann"), bob = Join("Bob");
  const int64_t work = Make(ann, "work"), home = Make(ann, "home");
  v1::Tag edit = TagId(work);
  edit.set_name("office");
  edit.set_color("red");
  ASSERT_EQ(Ask(ann, &Tags::Edit, edit), absl::OkStatus());
  EXPECT_THAT(Told(messaging_.Take()), ElementsAre(To(ann, "tag office red edit")));
  edit.clear_name();
  edit.set_color("");
  ASSERT_EQ(Ask(ann, &Tags::Edit, edit), absl::OkStatus());
  EXPECT_THAT(Told(messaging_.Take()), ElementsAre(To(ann, "tag office  edit")));
  ASSERT_EQ(Ask(ann, &Tags::Edit, Tag(ann, "home", "blue")), absl::OkStatus());
  std::vector<v1::Change> told = messaging_.Take();
  EXPECT_THAT(Told(told), ElementsAre(To(ann, "tag home blue edit")));
  EXPECT_EQ(told[0].notice().record().tag().id(), home);
  edit.set_name("home");
  EXPECT_EQ(Refused(Ask(ann, &Tags::Edit, edit)), v1::INVALID_DATA) << "another tag's name";
  edit.set_name("");
  EXPECT_EQ(Refused(Ask(ann, &Tags::Edit, edit)), v1::INVALID_DATA);
  EXPECT_EQ(Refused(Ask(bob, &Tags::Edit, TagId(work))), v1::NOT_FOUND) << "not his";
  EXPECT_EQ(Refused(Ask(bob, &Tags::Edit, Tag(ann, "home"))), v1::NOT_AUTHORIZED);
  EXPECT_EQ(Refused(Ask(ann, &Tags::Edit, Tag(ann, "none"))), v1::NOT_FOUND);
  EXPECT_THAT(messaging_.Take(), IsEmpty());
}

TEST_F(FavouriteServiceTest, ARemovedTagIsTakenOutOfTheStars) {
  const Person ann = Join("Ann"), bob = Join("Bob");
  const int64_t work = Make(ann, "work"), home = Make(ann, "home");
  ASSERT_EQ(Ask(ann, &Stars::Add, Star(ann, 5, {home, work, home})), absl::OkStatus());
  EXPECT_THAT(Told(messaging_.Take()),
              ElementsAre(To(ann, "star message 5 of 5 tagged " + std::to_string(home) + " " +
                                      std::to_string(work) + " add")));
  EXPECT_EQ(Refused(Ask(bob, &Tags::Remove, TagId(work))), v1::NOT_FOUND);
  ASSERT_EQ(Ask(ann, &Tags::Remove, TagId(work)), absl::OkStatus());
  EXPECT_THAT(Told(messaging_.Take()), ElementsAre(To(ann, "tag work  remove")));
  EXPECT_EQ(Refused(Ask(ann, &Tags::Remove, TagId(work))), v1::NOT_FOUND);
  const v1::Roster roster = Full(ann);
  ASSERT_EQ(roster.tags_size(), 1);
  EXPECT_EQ(roster.tags(0).name(), "home");
  EXPECT_FALSE(roster.tags(0).has_status());
  ASSERT_EQ(roster.favorite_size(), 1);
  EXPECT_THAT(roster.favorite(0).tags(), ElementsAre(home));
}

TEST_F(FavouriteServiceTest, AStarIsOnePerMessageAndItsTagsAreReplaced) {
  const Person ann = Join("Ann"), bob = Join("Bob");
  const int64_t work = Make(ann, "work"), foreign = Make(bob, "work");
  EXPECT_EQ(Refused(Ask(bob, &Stars::Add, Star(ann, 5))), v1::NOT_AUTHORIZED);
  EXPECT_EQ(Refused(Ask(ann, &Stars::Add, Star(ann, 1000))), v1::INVALID_DATA) << "not readable";
  EXPECT_EQ(Refused(Ask(ann, &Stars::Add, Star(ann, 0))), v1::INVALID_DATA);
  EXPECT_EQ(Refused(Ask(ann, &Stars::Add, Star(ann, 5, {foreign}))), v1::INVALID_DATA);
  ASSERT_EQ(Ask(ann, &Stars::Add, Star(ann, 5, {work})), absl::OkStatus());
  ASSERT_EQ(Ask(ann, &Stars::Add, Star(ann, 5)), absl::OkStatus());
  for (int64_t id : {7, 6}) ASSERT_EQ(Ask(ann, &Stars::Add, Star(ann, id)), absl::OkStatus());
  EXPECT_EQ(Refused(Ask(ann, &Stars::Add, Star(ann, 8))), v1::PERMISSION_DENIED) << "three at most";
  ASSERT_EQ(Ask(ann, &Stars::Add, Star(ann, 7, {work})), absl::OkStatus()) << "it exists";
  const v1::Roster roster = Full(ann);
  ASSERT_EQ(roster.favorite_size(), 3);
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(roster.favorite(i).roster_id(), ann.phone_id);
    EXPECT_EQ(roster.favorite(i).message().msg_id(), "message " + std::to_string(5 + i));
    EXPECT_FALSE(roster.favorite(i).has_status());
  }
  EXPECT_THAT(roster.favorite(0).tags(), IsEmpty());
  EXPECT_THAT(roster.favorite(2).tags(), ElementsAre(work));
}

TEST_F(FavouriteServiceTest, ARemovedStarIsToldAsItWasAndOnlyOnce) {
  const Person ann = Join("Ann");
  const int64_t work = Make(ann, "work");
  ASSERT_EQ(Ask(ann, &Stars::Add, Star(ann, 5, {work})), absl::OkStatus());
  messaging_.Take();
  ASSERT_EQ(Ask(ann, &Stars::Remove, Star(ann, 5)), absl::OkStatus());
  EXPECT_THAT(Told(messaging_.Take()), ElementsAre(To(ann, "star message 5 of 5 tagged " +
                                                               std::to_string(work) + " remove")));
  EXPECT_EQ(Refused(Ask(ann, &Stars::Remove, Star(ann, 5))), v1::NOT_FOUND);
  EXPECT_THAT(messaging_.Take(), IsEmpty());
}

TEST_F(FavouriteServiceTest, AStarOfAMessageThatIsNoLongerReadableIsItsIdAndCanBeRemoved) {
  const Person ann = Join("Ann");
  ASSERT_TRUE(
      favourites_
          ->PutStar(Soon(), *(*store_).Find(Soon(), ann.roster).value(), {1000, {}}, v1::Change())
          .ok());
  const v1::Roster roster = Full(ann);
  ASSERT_EQ(roster.favorite_size(), 1);
  EXPECT_EQ(roster.favorite(0).message().ShortDebugString(), "id: 1000");
  ASSERT_TRUE(store_->DeliverAccount(Soon(), ann.account).ok());
  messaging_.Take();
  ASSERT_EQ(Ask(ann, &Stars::Remove, Star(ann, 1000)), absl::OkStatus());
  EXPECT_THAT(Told(messaging_.Take()), ElementsAre(To(ann, "star  of 1000 tagged remove")));
}

TEST_F(FavouriteServiceTest, FavouritesGoWithTheirRoster) {
  const Person ann = Join("Ann");
  const int64_t work = Make(ann, "work");
  ASSERT_EQ(Ask(ann, &Stars::Add, Star(ann, 5, {work})), absl::OkStatus());
  ASSERT_EQ(accounts_->Remove(Soon(), ann.account), absl::OkStatus());
  RosterRow gone;
  gone.id = ann.roster;
  const auto left = favourites_->Of(Soon(), gone);
  EXPECT_TRUE(left->tags.empty());
  EXPECT_TRUE(left->stars.empty());
}

}  // namespace
}  // namespace chat::roster
