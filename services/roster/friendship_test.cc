#include "services/roster/friendship.h"

#include <gtest/gtest.h>

#include <array>
#include <string>
#include <string_view>

namespace chat::roster {
namespace {

// The states by letter: none, internal, request, authorization, friend, Banned (I banned them),
// ban.
constexpr std::string_view kStates = "nirafBb";

struct Expected {
  Verb verb;
  // One line per state of the party, one cell per state of the counterparty, both in order of
  // kStates. A cell: both states after, the answer, what party and counterparty are told.
  std::array<const char*, 7> lines;
};

// Answers: - nothing, P already present, = both added, < only the party's side, > only the
// counterparty's, 0 neither, I invalid_data, D permission_denied, C contact_not_found.
// Told: . nothing, q request, a authorization, f friend, v revoke, B banned, u unbanned, m muted,
// n unmuted.
constexpr Expected kExpected[] = {
    {Verb::kRequest,
     {"ra-qa ra-qa ra-qa ra-qa ra-qa nBD.. nbD..", "ra-qa ra-qa ra-qa ra-qa ra-qa iBD.. ibD..",
      "rnI.. riI.. rrI.. raI.. rfI.. rBD.. rbD..", "fn<f. fi<f. ff=ff fa<f. ff=ff aBD.. abD..",
      "fnP.. fiP.. frP.. faP.. ffP.. fBD.. fbD..", "BnD.. BiD.. BrD.. BaD.. BfD.. BBD.. BbD..",
      "bnD.. biD.. brD.. baD.. bfD.. bBD.. bbD.."}},
    {Verb::kConfirm,
     {"nn0.. ni0.. nf>.f na0.. nf0.. nB0.. nb0..", "in0.. ii0.. if>.f ia0.. if0.. iB0.. ib0..",
      "rn0.. ri0.. rf>.f ra0.. rf0.. rB0.. rb0..", "fn<f. fi<f. ff=ff fa<f. ff=ff aB0.. ab0..",
      "fn0.. fi0.. ff>.f fa0.. ff=.. fB0.. fb0..", "Bn0.. Bi0.. Br0.. Ba0.. Bf0.. BB0.. Bb0..",
      "bn0.. bi0.. br0.. ba0.. bf0.. bB0.. bb0.."}},
    {Verb::kRevoke,
     {"nnC.. niC.. nrC.. naC.. nfC.. nBC.. nbC..", "inC.. iiC.. irC.. iaC.. ifC.. iBC.. ibC..",
      "nn-v. ni-v. nn-vv nn-vv nn-vv nB-v. nb-v.", "nn-v. ni-v. nn-vv nn-vv nn-vv nB-v. nb-v.",
      "nn-v. ni-v. nn-vv nn-vv nn-vv nB-v. nb-v.", "BnC.. BiC.. BrC.. BaC.. BfC.. BBC.. BbC..",
      "bnC.. biC.. brC.. baC.. bfC.. bBC.. bbC.."}},
    {Verb::kBan,
     {"nn0.. Bb>BB Bb>BB Bb>BB Bb>BB BB>BB Bb>BB", "Bn<B. Bb=BB Bb=BB Bb=BB Bb=BB BB=BB Bb=BB",
      "Bn<B. Bb=BB Bb=BB Bb=BB Bb=BB BB=BB Bb=BB", "Bn<B. Bb=BB Bb=BB Bb=BB Bb=BB BB=BB Bb=BB",
      "Bn<B. Bb=BB Bb=BB Bb=BB Bb=BB BB=BB Bb=BB", "Bn=.. Bi=.. Br=.. Ba=.. Bf=.. BB=.. Bb=..",
      "Bn<B. Bb=BB Bb=BB Bb=BB Bb=BB BB=BB Bb=BB"}},
    {Verb::kUnban,
     {"nnD.. niD.. nrD.. naD.. nfD.. nBD.. nbD..", "inD.. iiD.. irD.. iaD.. ifD.. iBD.. ibD..",
      "rnD.. riD.. rrD.. raD.. rfD.. rBD.. rbD..", "anD.. aiD.. arD.. aaD.. afD.. aBD.. abD..",
      "fnD.. fiD.. frD.. faD.. ffD.. fBD.. fbD..", "nn-u. ni-u. nr-u. na-u. nf-u. bB-uu nn-uu",
      "bnD.. biD.. brD.. baD.. bfD.. bBD.. bbD.."}},
    {Verb::kMute,
     {"nnC.. niC.. nrC.. naC.. nfC.. nBC.. nbC..", "inC.. iiC.. irC.. iaC.. ifC.. iBC.. ibC..",
      "rnC.. riC.. rrC.. raC.. rfC.. rBC.. rbC..", "anC.. aiC.. arC.. aaC.. afC.. aBC.. abC..",
      "fn-m. fi-m. fr-m. fa-m. ff-m. fB-m. fb-m.", "BnC.. BiC.. BrC.. BaC.. BfC.. BBC.. BbC..",
      "bnC.. biC.. brC.. baC.. bfC.. bBC.. bbC.."}},
    {Verb::kUnmute,
     {"nnC.. niC.. nrC.. naC.. nfC.. nBC.. nbC..", "inC.. iiC.. irC.. iaC.. ifC.. iBC.. ibC..",
      "rnC.. riC.. rrC.. raC.. rfC.. rBC.. rbC..", "anC.. aiC.. arC.. aaC.. afC.. aBC.. abC..",
      "fn-n. fi-n. fr-n. fa-n. ff-n. fB-n. fb-n.", "BnC.. BiC.. BrC.. BaC.. BfC.. BBC.. BbC..",
      "bnC.. biC.. brC.. baC.. bfC.. bBC.. bbC.."}},
};

State FromLetter(char letter) { return static_cast<State>(kStates.find(letter)); }

char ToLetter(Answer answer) { return "-P=<>0IDC"[static_cast<size_t>(answer)]; }

char ToLetter(const std::optional<v1::Contact::Status>& told) {
  if (!told) return '.';
  switch (*told) {
    case v1::Contact::REQUEST:
      return 'q';
    case v1::Contact::AUTHORIZATION:
      return 'a';
    case v1::Contact::FRIEND:
      return 'f';
    case v1::Contact::REVOKE:
      return 'v';
    case v1::Contact::BANNED:
      return 'B';
    case v1::Contact::UNBANNED:
      return 'u';
    case v1::Contact::MUTED:
      return 'm';
    case v1::Contact::UNMUTED:
      return 'n';
    default:
      return '?';
  }
}

std::string Cell(const Transition& made) {
  return {kStates[static_cast<size_t>(made.after.party.state)],
          kStates[static_cast<size_t>(made.after.counterparty.state)], ToLetter(made.answer),
          ToLetter(made.tell_party), ToLetter(made.tell_counterparty)};
}

Pair Of(State party, State counterparty) {
  Pair pair;
  pair.party.state = party;
  pair.counterparty.state = counterparty;
  return pair;
}

Pair Swapped(const Pair& pair) { return {pair.counterparty, pair.party, pair.were_friends}; }

constexpr Verb kVerbs[] = {Verb::kRequest, Verb::kConfirm, Verb::kRevoke, Verb::kBan,
                           Verb::kUnban,   Verb::kMute,    Verb::kUnmute};

TEST(FriendshipTest, EveryPairOfStatesAndEveryVerbGoesWhereTheTableSays) {
  for (const Expected& expected : kExpected) {
    for (size_t party = 0; party < kStates.size(); ++party) {
      for (size_t counterparty = 0; counterparty < kStates.size(); ++counterparty) {
        const Pair before = Of(FromLetter(kStates[party]), FromLetter(kStates[counterparty]));
        const std::string cell(expected.lines[party] + 6 * counterparty, 5);
        EXPECT_EQ(Cell(Decide(before, expected.verb)), cell)
            << "verb " << static_cast<int>(expected.verb) << ", party " << kStates[party]
            << ", counterparty " << kStates[counterparty];
      }
    }
  }
}

TEST(FriendshipTest, WhatIsRefusedChangesNothingAndTellsNobody) {
  for (char party : kStates) {
    for (char counterparty : kStates) {
      for (Verb verb : kVerbs) {
        Pair before = Of(FromLetter(party), FromLetter(counterparty));
        before.party.muted = before.counterparty.listed = before.were_friends = true;
        before.were_friends = before.barred();
        const Transition made = Decide(before, verb);
        if (made.answer != Answer::kInvalidData && made.answer != Answer::kPermissionDenied &&
            made.answer != Answer::kContactNotFound && made.answer != Answer::kNeitherAdded &&
            made.answer != Answer::kAlreadyPresent) {
          continue;
        }
        EXPECT_EQ(made.after, before);
        EXPECT_FALSE(made.tell_party || made.tell_counterparty);
      }
    }
  }
}

TEST(FriendshipTest, OnlyAcceptanceAndLiftingABanOpenTheFeed) {
  for (char party : kStates) {
    for (char counterparty : kStates) {
      for (Verb verb : kVerbs) {
        for (bool were_friends : {false, true}) {
          Pair before = Of(FromLetter(party), FromLetter(counterparty));
          before.were_friends = were_friends && before.barred();
          if (before.open() || !Decide(before, verb).after.open()) continue;
          const bool accepted = before.party.state == State::kAuthorization &&
                                (verb == Verb::kConfirm || verb == Verb::kRequest);
          // A half pair that is made whole: the counterparty had asked.
          const bool healed = before.party.state == State::kFriend && verb == Verb::kConfirm &&
                              before.counterparty.state == State::kRequest;
          const bool lifted = verb == Verb::kUnban && before.were_friends;
          EXPECT_TRUE(accepted || healed || lifted) << party << counterparty;
        }
      }
    }
  }
}

TEST(FriendshipTest, ABanOfFriendsIsRememberedAndUndone) {
  Pair pair = Of(State::kFriend, State::kFriend);
  pair.party.muted = true;
  const Transition banned = Decide(pair, Verb::kBan);
  EXPECT_TRUE(banned.after.were_friends);
  EXPECT_FALSE(banned.after.open());
  EXPECT_EQ(Decide(banned.after, Verb::kUnban).after, pair);
}

TEST(FriendshipTest, ABanOfARequestIsNotUndone) {
  const Transition banned = Decide(Of(State::kAuthorization, State::kRequest), Verb::kBan);
  EXPECT_FALSE(banned.after.were_friends);
  EXPECT_EQ(Decide(banned.after, Verb::kUnban).after, Pair());
}

TEST(FriendshipTest, FriendsWhoBannedEachOtherAreFriendsAgainWhenBothHaveLiftedIt) {
  for (bool first_lifts_first : {true, false}) {
    const Pair friends = Of(State::kFriend, State::kFriend);
    const Pair one = Decide(friends, Verb::kBan).after;
    const Pair both = Decide(Swapped(one), Verb::kBan).after;  // seen by the second
    EXPECT_EQ(both.party.state, State::kBanned);
    EXPECT_EQ(both.counterparty.state, State::kBanned);
    const Pair seen = first_lifts_first ? Swapped(both) : both;
    const Pair half = Decide(seen, Verb::kUnban).after;
    EXPECT_EQ(half.party.state, State::kBan);
    EXPECT_EQ(half.counterparty.state, State::kBanned);
    EXPECT_FALSE(half.open());
    EXPECT_EQ(Decide(half, Verb::kUnban).answer, Answer::kPermissionDenied);
    EXPECT_EQ(Decide(Swapped(half), Verb::kUnban).after, friends);
  }
}

TEST(FriendshipTest, AStrangerWhoIsBannedKnowsNothingOfIt) {
  const Transition made = Decide(Of(State::kInternal, State::kNone), Verb::kBan);
  EXPECT_EQ(made.after.counterparty, Side());
  EXPECT_FALSE(made.tell_counterparty);
  EXPECT_EQ(Decide(Swapped(made.after), Verb::kRequest).answer, Answer::kPermissionDenied);
}

TEST(FriendshipTest, APhoneBookEntrySurvivesRequestAndRevoke) {
  Pair pair = Of(State::kInternal, State::kNone);
  pair.party.listed = true;
  Pair asked = Decide(pair, Verb::kRequest).after;
  EXPECT_EQ(asked.party.state, State::kRequest);
  EXPECT_EQ(Decide(asked, Verb::kRevoke).after, pair);
  EXPECT_EQ(Swapped(Decide(Swapped(asked), Verb::kRevoke).after), pair);
}

TEST(FriendshipTest, AMuteIsKeptByTheSideThatMutesAndEndsWithTheFriendship) {
  const Pair muted = Decide(Of(State::kFriend, State::kFriend), Verb::kMute).after;
  EXPECT_TRUE(muted.party.muted);
  EXPECT_FALSE(muted.counterparty.muted);
  EXPECT_EQ(Decide(muted, Verb::kMute).after, muted);
  EXPECT_FALSE(Decide(muted, Verb::kUnmute).after.party.muted);
  EXPECT_EQ(Decide(Swapped(muted), Verb::kRevoke).after, Pair());
}

TEST(FriendshipTest, StatesHaveTheNamesOfTheContactStatus) {
  for (char letter : kStates.substr(1)) {
    const State state = FromLetter(letter);
    EXPECT_EQ(ParseState(StateName(state)), state);
    EXPECT_EQ(v1::Contact::Status_Name(StateStatus(state)).size(), StateName(state).size());
  }
  EXPECT_EQ(StateStatus(State::kNone), v1::Contact::STATUS_UNSET);
  EXPECT_FALSE(ParseState(""));
  EXPECT_FALSE(ParseState("enemy"));
}

}  // namespace
}  // namespace chat::roster
