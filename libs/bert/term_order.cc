#include <algorithm>

#include "libs/bert/term.h"

namespace chat::bert {
namespace {

// Place of a term's class in the order of map keys (CHAT 2.2). Among keys every integer comes
// before every float.
int Rank(const Term& term) {
  switch (term.kind()) {
    case Term::Kind::kInteger:
    case Term::Kind::kBigInteger:
      return 0;
    case Term::Kind::kFloat:
      return 1;
    case Term::Kind::kAtom:
      return 2;
    case Term::Kind::kTuple:
      return 3;
    case Term::Kind::kMap:
      return 4;
    case Term::Kind::kNil:
      return 5;
    case Term::Kind::kByteList:
    case Term::Kind::kList:
    case Term::Kind::kImproperList:
      return 6;
    case Term::Kind::kBinary:
      return 7;
  }
  return 8;
}

template <typename T>
int Order(const T& left, const T& right) {
  return left < right ? -1 : right < left ? 1 : 0;
}

int CompareIntegers(const Term& left, const Term& right) {
  const auto a = left.AsInteger();
  const auto b = right.AsInteger();
  if (a && b) return Order(*a, *b);
  // A big integer lies outside int64: its sign decides against any small one.
  const auto big_a = left.AsBigInteger();
  const auto big_b = right.AsBigInteger();
  if (!big_b) return big_a->negative ? -1 : 1;
  if (!big_a) return big_b->negative ? 1 : -1;
  if (big_a->negative != big_b->negative) return big_a->negative ? -1 : 1;
  int order = Order(big_a->magnitude.size(), big_b->magnitude.size());
  for (size_t i = big_a->magnitude.size(); order == 0 && i-- > 0;) {
    order = Order(static_cast<unsigned char>(big_a->magnitude[i]),
                  static_cast<unsigned char>(big_b->magnitude[i]));
  }
  return big_a->negative ? -order : order;
}

// The cells of a non-empty list in any representation, and what follows the last of them.
class Cells {
 public:
  explicit Cells(const Term& list) {
    if (const auto bytes = list.AsByteList()) {
      bytes_ = *bytes;
      size_ = bytes->size();
    } else if (const auto* elements = list.AsList()) {
      terms_ = elements->data();
      size_ = elements->size();
    } else {
      terms_ = list.AsImproperList()->data();
      size_ = list.AsImproperList()->size() - 1;
      tail_ = &terms_[size_];
    }
  }

  size_t size() const { return size_; }
  const Term& tail() const { return tail_ != nullptr ? *tail_ : end_; }

  // The element; `buffer` holds it when the list has no term for it.
  const Term& at(size_t i, Term& buffer) const {
    if (terms_ != nullptr) return terms_[i];
    buffer = Term::Integer(static_cast<unsigned char>(bytes_[i]));
    return buffer;
  }

 private:
  std::string_view bytes_;
  const Term* terms_ = nullptr;
  const Term* tail_ = nullptr;
  const Term end_;
  size_t size_ = 0;
};

int CompareLists(const Term& left, const Term& right) {
  constexpr int kListRank = 6;
  const Cells a(left);
  const Cells b(right);
  Term left_buffer;
  Term right_buffer;
  const size_t common = std::min(a.size(), b.size());
  for (size_t i = 0; i < common; ++i) {
    if (const int order = Compare(a.at(i, left_buffer), b.at(i, right_buffer))) return order;
  }
  if (a.size() == b.size()) return Compare(a.tail(), b.tail());
  return a.size() < b.size() ? Order(Rank(a.tail()), kListRank) : Order(kListRank, Rank(b.tail()));
}

int CompareTuples(const std::vector<Term>& left, const std::vector<Term>& right) {
  int order = Order(left.size(), right.size());
  for (size_t i = 0; order == 0 && i < left.size(); ++i) order = Compare(left[i], right[i]);
  return order;
}

int CompareMaps(const std::vector<MapEntry>& left, const std::vector<MapEntry>& right) {
  int order = Order(left.size(), right.size());
  for (size_t i = 0; order == 0 && i < left.size(); ++i) order = Compare(left[i].key, right[i].key);
  for (size_t i = 0; order == 0 && i < left.size(); ++i) {
    order = Compare(left[i].value, right[i].value);
  }
  return order;
}

bool KeyBefore(const MapEntry& left, const MapEntry& right) {
  return Compare(left.key, right.key) < 0;
}

bool KeyNotBefore(const MapEntry& left, const MapEntry& right) { return !KeyBefore(left, right); }

}  // namespace

int Compare(const Term& left, const Term& right) {
  if (const int order = Order(Rank(left), Rank(right))) return order;
  switch (left.kind()) {
    case Term::Kind::kNil:
      return 0;
    case Term::Kind::kInteger:
    case Term::Kind::kBigInteger:
      return CompareIntegers(left, right);
    case Term::Kind::kFloat:
      return Order(*left.AsFloat(), *right.AsFloat());
    case Term::Kind::kAtom:  // UTF-8 sorts as its code points do
    case Term::Kind::kBinary:
      return Order(left.Bytes(), right.Bytes());
    case Term::Kind::kTuple:
      return CompareTuples(*left.AsTuple(), *right.AsTuple());
    case Term::Kind::kMap:
      return CompareMaps(*left.AsMap(), *right.AsMap());
    case Term::Kind::kByteList:
    case Term::Kind::kList:
    case Term::Kind::kImproperList:
      return CompareLists(left, right);
  }
  return 0;
}

bool SortByKey(std::vector<MapEntry>& entries) {
  const auto unordered = [&] {
    return std::adjacent_find(entries.begin(), entries.end(), KeyNotBefore) != entries.end();
  };
  if (!unordered()) return true;
  std::sort(entries.begin(), entries.end(), KeyBefore);
  return !unordered();
}

}  // namespace chat::bert
