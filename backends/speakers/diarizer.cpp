#include "backends/speakers/diarizer.hpp"

#include "backends/speakers/clustering.hpp"
#include "backends/speakers/speaker_sounds.hpp"

#include <algorithm>
#include <cmath>
#include <map>

namespace synapse::backends {

namespace {

constexpr std::size_t usual_piece = 100; // frames of speech
constexpr std::size_t shortest_piece = 50;
constexpr std::size_t most_pieces = 800;
constexpr std::size_t pause = 12;         // frames of silence that end a piece
constexpr std::size_t longest_gap = 40;   // frames of silence inside a turn
constexpr std::size_t shortest_turn = 15; // frames
constexpr double pitch_scale = 10;        // makes the logarithm of the pitch as large as the rest

// Speech without a pause. Positions are those in the list of speech frames.
struct piece {
  std::size_t begin = 0;
  std::size_t end = 0;
  std::size_t size() const { return end - begin; }
};

// The frames with speech, one after the other.
std::vector<std::size_t> speech_of(const voice_frames& frames) {
  std::vector<std::size_t> out;
  for (std::size_t i = 0; i < frames.size(); ++i)
    if (frames.speech[i])
      out.push_back(i);
  return out;
}

std::vector<piece> cut(const std::vector<std::size_t>& speech) {
  auto usual = std::max(usual_piece, speech.size() / most_pieces);
  std::vector<piece> out;
  std::size_t begin = 0;
  for (std::size_t i = 1; i <= speech.size(); ++i) {
    if (i < speech.size() && speech[i] - speech[i - 1] <= pause)
      continue;
    auto parts = std::max<std::size_t>(1, (i - begin + usual / 2) / usual);
    for (std::size_t part = 0; part < parts; ++part)
      out.push_back({begin + (i - begin) * part / parts, begin + (i - begin) * (part + 1) / parts});
    begin = i;
  }
  return out;
}

// The pitch at every frame of speech; where there is none, the last one is kept.
std::vector<double> held_pitch(const voice_frames& frames, const std::vector<std::size_t>& speech) {
  std::vector<double> out;
  double last = std::log(140.0);
  for (auto i : speech)
    if (frames.pitch[i] > 0) {
      last = std::log(frames.pitch[i]);
      break;
    }
  for (auto i : speech) {
    if (frames.pitch[i] > 0)
      last = std::log(frames.pitch[i]);
    out.push_back(last * pitch_scale);
  }
  return out;
}

sound_statistics measure(const voice_frames& frames, const std::vector<std::size_t>& speech,
                         const std::vector<double>& pitch, const piece& of) {
  sound_statistics out;
  for (auto i = of.begin; i < of.end; ++i) {
    sound_statistics::values frame{};
    const auto& shape = frames.shape[speech[i]];
    std::copy_n(shape.begin(), frame.size() - 1, frame.begin());
    frame.back() = pitch[i];
    out.add(frame);
  }
  return out;
}

group_limits to_group_limits(const speaker_limits& limits) {
  group_limits out;
  out.least = std::max<std::size_t>(1, limits.exactly.value_or(limits.least.value_or(1)));
  out.most = std::max(out.least, limits.exactly.value_or(limits.most.value_or(out.most)));
  return out;
}

// The group of each frame of speech. Pieces that are too short to tell belong to the one before.
std::vector<std::size_t> group_frames(const voice_frames& frames,
                                      const std::vector<std::size_t>& speech,
                                      const group_limits& limits) {
  auto pieces = cut(speech);
  auto short_ones = [](const piece& each) { return each.size() < shortest_piece; };
  std::erase_if(pieces, short_ones);
  if (pieces.size() < limits.least) {
    // Not enough to choose from: cut anywhere.
    pieces.clear();
    for (std::size_t i = 0; i < limits.least; ++i)
      pieces.push_back({speech.size() * i / limits.least, speech.size() * (i + 1) / limits.least});
    std::erase_if(pieces, [](const piece& each) { return each.size() == 0; });
  }
  auto pitch = held_pitch(frames, speech);
  std::vector<sound_statistics> sounds;
  for (const auto& each : pieces)
    sounds.push_back(measure(frames, speech, pitch, each));
  auto groups = group_by_speaker(std::move(sounds), limits);
  std::vector<std::size_t> out(speech.size());
  for (std::size_t p = 0; p < pieces.size(); ++p) {
    auto begin = p == 0 ? 0 : pieces[p].begin;
    auto end = p + 1 == pieces.size() ? speech.size() : pieces[p + 1].begin;
    std::fill(out.begin() + static_cast<std::ptrdiff_t>(begin),
              out.begin() + static_cast<std::ptrdiff_t>(end), groups[p]);
  }
  return out;
}

std::size_t different(const std::vector<std::size_t>& groups) {
  auto sorted = groups;
  std::sort(sorted.begin(), sorted.end());
  return static_cast<std::size_t>(std::unique(sorted.begin(), sorted.end()) - sorted.begin());
}

std::vector<spoken_turn> to_turns(const std::vector<std::size_t>& speech,
                                  const std::vector<std::size_t>& groups) {
  struct run {
    std::size_t group, first, last;
  };
  std::vector<run> runs;
  for (std::size_t i = 0; i < speech.size(); ++i) {
    bool goes_on = !runs.empty() && runs.back().group == groups[i] &&
                   speech[i] - runs.back().last <= longest_gap;
    if (goes_on)
      runs.back().last = speech[i];
    else
      runs.push_back({groups[i], speech[i], speech[i]});
  }
  std::erase_if(runs, [&](const run& each) {
    return runs.size() > 1 && each.last - each.first + 1 < shortest_turn;
  });
  std::map<std::size_t, std::size_t> numbers;
  std::vector<spoken_turn> out;
  for (const auto& each : runs) {
    auto number = numbers.try_emplace(each.group, numbers.size()).first->second;
    // A frame is 25 ms long and 10 ms after the one before.
    out.push_back({number, static_cast<double>(each.first) * voice_frames::seconds_each,
                   static_cast<double>(each.last + 2) * voice_frames::seconds_each});
  }
  return out;
}

} // namespace

std::vector<spoken_turn> diarize(const voice_frames& frames, const speaker_limits& limits) {
  auto speech = speech_of(frames);
  if (speech.size() < shortest_turn)
    return {};
  auto wanted = to_group_limits(limits);
  auto rough = group_frames(frames, speech, wanted);
  auto fine = resemble(frames, speech, rough);
  // A speaker of a few sounds may vanish there, but not if he was asked for.
  bool keep = different(fine) >= std::min(wanted.least, different(rough));
  return to_turns(speech, keep ? fine : rough);
}

} // namespace synapse::backends
