#include "backends/speakers/diarizer.hpp"

#include "backends/speakers/clustering.hpp"
#include "backends/speakers/speaker_sounds.hpp"
#include "backends/speakers/voice_print.hpp"

#include <algorithm>
#include <map>

namespace synapse::backends {

namespace {

constexpr std::size_t window = 150; // frames of speech in a voice print
constexpr std::size_t step = 50;    // frames of speech between windows
constexpr std::size_t most_windows = 1200;
constexpr double same_window = 2.6;     // distance of prints of windows, on average
constexpr std::size_t longest_gap = 40; // frames of silence inside a turn
constexpr std::size_t shortest_turn = 15;

// The frames with speech, one after the other.
std::vector<std::size_t> speech_of(const voice_frames& frames) {
  std::vector<std::size_t> out;
  for (std::size_t i = 0; i < frames.size(); ++i)
    if (frames.speech[i])
      out.push_back(i);
  return out;
}

struct windows {
  std::vector<std::size_t> begins; // positions in the list of speech frames
  std::vector<voice_print> prints;
  std::size_t distance = step; // from one to the next
};

windows make_windows(const voice_frames& frames, const std::vector<std::size_t>& speech) {
  windows out;
  out.distance = std::max(step, speech.size() / most_windows);
  for (std::size_t begin = 0; begin == 0 || begin + window <= speech.size();
       begin += out.distance) {
    auto last = std::min(begin + window, speech.size()) - 1;
    out.begins.push_back(begin);
    out.prints.push_back(print_voice(frames, speech[begin], speech[last] + 1));
  }
  return out;
}

std::vector<float> all_distances(const std::vector<voice_print>& prints) {
  std::vector<float> out(prints.size() * prints.size());
  for (std::size_t i = 0; i < prints.size(); ++i)
    for (std::size_t k = i + 1; k < prints.size(); ++k)
      out[i * prints.size() + k] = out[k * prints.size() + i] =
          static_cast<float>(distance(prints[i], prints[k]));
  return out;
}

cluster_limits to_cluster_limits(const speaker_limits& limits) {
  cluster_limits out;
  out.same = same_window;
  out.least = std::max<std::size_t>(1, limits.exactly.value_or(limits.least.value_or(1)));
  out.most = std::max(out.least, limits.exactly.value_or(limits.most.value_or(out.most)));
  return out;
}

// The group of each frame of speech: that of the window whose middle is nearest.
std::vector<std::size_t> spread(const std::vector<std::size_t>& groups, const windows& from,
                                std::size_t speech) {
  std::vector<std::size_t> out(speech);
  for (std::size_t i = 0; i < speech; ++i) {
    auto from_middle = i < window / 2 ? 0 : i - window / 2;
    auto nearest = (from_middle + from.distance / 2) / from.distance;
    out[i] = groups[std::min(nearest, groups.size() - 1)];
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
  auto pieces = make_windows(frames, speech);
  auto groups =
      cluster(all_distances(pieces.prints), pieces.prints.size(), to_cluster_limits(limits));
  auto rough = spread(groups, pieces, speech.size());
  auto fine = resemble(frames, speech, rough);
  // A speaker of a few sounds may vanish there, but not if he was asked for.
  bool keep = different(fine) >= std::max(limits.exactly.value_or(0), limits.least.value_or(0));
  return to_turns(speech, keep ? fine : rough);
}

} // namespace synapse::backends
