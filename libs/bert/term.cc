#include "libs/bert/term.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <iterator>
#include <limits>
#include <string>
#include <utility>

#include "libs/base/utf8.h"
#include "libs/bert/limits.h"

namespace chat::bert {
namespace {

using Terms = std::vector<Term>;
using Entries = std::vector<MapEntry>;
using LongBytes = std::vector<char>;

static_assert(sizeof(Term) == 32);
static_assert(sizeof(Terms) <= 30 && sizeof(Entries) <= 30 && sizeof(LongBytes) <= 30);

bool IsByte(const Term& term) {
  const auto value = term.AsInteger();
  return value && *value >= 0 && *value <= 255;
}

// The value of a little-endian magnitude of at most 8 bytes with this sign, if int64 holds it.
std::optional<int64_t> Narrow(bool negative, std::string_view magnitude) {
  if (magnitude.size() > 8) return std::nullopt;
  uint64_t value = 0;
  for (size_t i = magnitude.size(); i-- > 0;) {
    value = value << 8 | static_cast<unsigned char>(magnitude[i]);
  }
  constexpr uint64_t kMax = std::numeric_limits<int64_t>::max();
  if (value > kMax + (negative ? 1 : 0)) return std::nullopt;
  return negative ? static_cast<int64_t>(0 - value) : static_cast<int64_t>(value);
}

}  // namespace

Term::Term(const Term& other) {
  if (!other.OnHeap()) {
    storage_ = other.storage_;
    inline_size_ = other.inline_size_;
    kind_ = other.kind_;
    return;
  }
  switch (other.kind_) {
    case Kind::kTuple:
    case Kind::kList:
    case Kind::kImproperList:
      SetTerms(other.kind_, *other.Stored<Terms>());
      break;
    case Kind::kMap:
      SetEntries(*other.Stored<Entries>());
      break;
    default:
      SetBytes(other.kind_, other.Bytes());
  }
}

Term& Term::operator=(const Term& other) {
  if (this != &other) *this = Term(other);
  return *this;
}

void Term::Release() noexcept {
  switch (kind_) {
    case Kind::kTuple:
    case Kind::kList:
    case Kind::kImproperList:
      std::destroy_at(Stored<Terms>());
      break;
    case Kind::kMap:
      std::destroy_at(Stored<Entries>());
      break;
    default:
      std::destroy_at(Stored<LongBytes>());
  }
  inline_size_ = 0;
  kind_ = Kind::kNil;
}

void Term::MoveHeapFrom(Term& other) noexcept {
  switch (other.kind_) {
    case Kind::kTuple:
    case Kind::kList:
    case Kind::kImproperList:
      ::new (storage_.data()) Terms(std::move(*other.Stored<Terms>()));
      break;
    case Kind::kMap:
      ::new (storage_.data()) Entries(std::move(*other.Stored<Entries>()));
      break;
    default:
      ::new (storage_.data()) LongBytes(std::move(*other.Stored<LongBytes>()));
  }
  inline_size_ = kHeap;
  kind_ = other.kind_;
  other.Release();
}

void Term::SetLongBytes(std::string_view bytes) {
  ::new (storage_.data()) LongBytes(bytes.begin(), bytes.end());
  inline_size_ = kHeap;
}

void Term::SetTerms(Kind kind, std::vector<Term> terms) {
  ::new (storage_.data()) Terms(std::move(terms));
  inline_size_ = kHeap;
  kind_ = kind;
}

void Term::SetEntries(std::vector<MapEntry> entries) {
  ::new (storage_.data()) Entries(std::move(entries));
  inline_size_ = kHeap;
  kind_ = Kind::kMap;
}

void Term::SetBigInteger(bool negative, std::string_view magnitude) {
  while (!magnitude.empty() && magnitude.back() == '\0') magnitude.remove_suffix(1);
  if (const auto narrow = Narrow(negative, magnitude)) return SetInteger(*narrow);
  std::string bytes;
  bytes.reserve(magnitude.size() + 1);
  bytes.push_back(negative ? '\1' : '\0');
  bytes.append(magnitude);
  SetBytes(Kind::kBigInteger, bytes);
}

void Term::SetList(std::vector<Term> elements) {
  if (elements.empty()) return;
  if (!std::all_of(elements.begin(), elements.end(), IsByte)) {
    return SetTerms(Kind::kList, std::move(elements));
  }
  std::string bytes;
  bytes.reserve(elements.size());
  for (const Term& element : elements) bytes.push_back(static_cast<char>(*element.AsInteger()));
  SetBytes(Kind::kByteList, bytes);
}

Term Term::Integer(int64_t value) {
  Term term;
  term.SetInteger(value);
  return term;
}

Term Term::BigInteger(bool negative, std::string_view magnitude) {
  Term term;
  term.SetBigInteger(negative, magnitude);
  return term;
}

Term Term::Float(double value) {
  if (!std::isfinite(value)) std::abort();
  Term term;
  term.SetFloat(value);
  return term;
}

Term Term::Atom(std::string_view name) {
  if (!ValidAtom(name)) std::abort();
  Term term;
  term.SetBytes(Kind::kAtom, name);
  return term;
}

Term Term::Binary(std::string_view bytes) {
  Term term;
  term.SetBytes(Kind::kBinary, bytes);
  return term;
}

Term Term::ByteList(std::string_view bytes) {
  Term term;
  if (!bytes.empty()) term.SetBytes(Kind::kByteList, bytes);
  return term;
}

Term Term::Tuple(std::vector<Term> elements) {
  Term term;
  term.SetTerms(Kind::kTuple, std::move(elements));
  return term;
}

Term Term::List(std::vector<Term> elements) {
  Term term;
  term.SetList(std::move(elements));
  return term;
}

Term Term::ImproperList(std::vector<Term> elements, Term tail) {
  if (elements.empty()) return tail;
  if (tail.IsProperList()) {
    elements.reserve(elements.size() + tail.ProperListSize());
    tail.ForEachElement([&](const Term& element) {
      elements.push_back(element);
      return true;
    });
    return List(std::move(elements));
  }
  if (tail.kind_ == Kind::kImproperList) {
    auto& rest = *tail.Stored<Terms>();
    std::move(rest.begin(), rest.end(), std::back_inserter(elements));
  } else {
    elements.push_back(std::move(tail));
  }
  Term term;
  term.SetTerms(Kind::kImproperList, std::move(elements));
  return term;
}

std::optional<Term> Term::Map(std::vector<MapEntry> entries) {
  if (!SortByKey(entries)) return std::nullopt;
  Term term;
  term.SetEntries(std::move(entries));
  return term;
}

bool Term::ValidAtom(std::string_view name) {
  const auto characters = CountCharacters(name);
  return characters && *characters <= kMaxAtomCharacters;
}

bool Term::IsProperList() const {
  return kind_ == Kind::kNil || kind_ == Kind::kByteList || kind_ == Kind::kList;
}

size_t Term::ProperListSize() const {
  if (kind_ == Kind::kByteList) return Bytes().size();
  if (const auto* elements = AsList()) return elements->size();
  return 0;
}

std::optional<BigIntegerView> Term::AsBigInteger() const {
  if (kind_ != Kind::kBigInteger) return std::nullopt;
  const std::string_view bytes = Bytes();
  return BigIntegerView{bytes.front() != '\0', bytes.substr(1)};
}

const std::vector<MapEntry>* Term::AsMap() const {
  return kind_ == Kind::kMap ? Stored<Entries>() : nullptr;
}

}  // namespace chat::bert
