#include "lib/link/link_state.h"

#include <vector>

#include <catch2/catch.hpp>

#include "lib/link/link_name.h"

namespace rk {
namespace {

struct Told {
  std::vector<std::string> texts;
  LinkState::Changed teller() {
    return [this](const std::string& why) { texts.push_back(why); };
  }
};

using Texts = std::vector<std::string>;

}  // namespace

TEST_CASE("a link waits until it is connected, and again once it is not") {
  Told told;
  LinkState state("tcp://a:1", LinkState::Peer::kListens, told.teller());
  state.Connected();
  state.Connected();
  state.Lost();
  CHECK(told.texts == Texts{"tcp://a:1 does not answer", "", "tcp://a:1 does not answer"});
}

TEST_CASE("a link whose peer answers waits for that on each connection") {
  Told told;
  LinkState state("tcp://a:1", LinkState::Peer::kAnswers, told.teller());
  state.Accepted();  // of a connection that is gone
  state.Connected();
  CHECK(told.texts == Texts{"tcp://a:1 does not answer"});
  state.Accepted();
  CHECK(told.texts.back().empty());
  state.Refused("is another link");
  CHECK(told.texts.back() == "tcp://a:1 is another link");
  state.Lost();
  state.Connected();
  CHECK(told.texts.back() == "tcp://a:1 does not answer");
}

TEST_CASE("why a link was refused stays said until it is connected") {
  Told told;
  LinkState state("tcp://a:1", LinkState::Peer::kListens, told.teller());
  state.Failed("refuses this machine");
  state.Lost();
  CHECK(told.texts.back() == "tcp://a:1 refuses this machine");
  state.Connected();
  CHECK(told.texts.back().empty());
}

TEST_CASE("what marks a link, and what refuses one, are told from all else") {
  CHECK(LinkMarked(LinkMark("infer")) == "infer");
  CHECK(LinkRefused(LinkRefusal("infer")) == "infer");
  CHECK(LinkRefused(LinkRefusal("")) == "");
  for (const char* text : {"", "infer", "link", "link:a b", "refused:infer"})
    CHECK_FALSE(LinkMarked(text));
  for (const char* text : {"", "refused", "refused:\n", "link:infer"})
    CHECK_FALSE(LinkRefused(text));
}

}  // namespace rk
