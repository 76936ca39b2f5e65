# table.awk - the table, from rows and the raw results: medians, their ratios to
# the floor (or to Bellman, where there is none), and whether a goal is met.

function median(test, who,    n, i, k, v, list) {
	n = many[test, who]
	if (n == 0)
		return ""
	for (i = 1; i <= n; i++) {
		v = got[test, who, i] + 0
		for (k = i; k > 1 && list[k - 1] > v; k--)
			list[k] = list[k - 1]
		list[k] = v
	}
	return n % 2 ? list[(n + 1) / 2] : (list[n / 2] + list[n / 2 + 1]) / 2
}

function short(x) {
	if (x == "")
		return "-"
	return sprintf(x >= 100 ? "%.0f" : x >= 10 ? "%.1f" : "%.2f", x)
}

function cell(text) { return sprintf(" %10s", text) }

FNR == 1 { file++ }
file == 1 && !/^#/ {
	split($0, part, "|")
	row[++rows] = part[1]
	what[part[1]] = part[2] ", " part[3]
	goals[part[1]] = part[4]
}
file == 2 {
	remark = ""
	if (i = index($0, "|"))
		remark = substr($0, i + 2)
	if ($3 == "up") {
		up[$2] = remark
		if ($4 != "up")
			absent[$2] = remark
		next
	}
	if ($4 != "-")
		got[$3, $2, ++many[$3, $2]] = $4
	for (i = 5; i <= NF && $i != "|"; i++) # NAME=VALUE beside it may be a goal's measure
		if ($2 == "bellman" && (k = index($i, "=")))
			got[$3, substr($i, 1, k - 1), ++many[$3, substr($i, 1, k - 1)]] = substr($i, k + 1)
	if (remark != "" && !said[$2, $3, remark]++)
		remarks[++notes] = $3 ", " $2 ", round " $1 ": " remark
	seen[$3] = 1
}

END {
	n = split(order, who, " ")
	columns = 0
	for (i = 1; i <= n; i++)
		if (!(who[i] in absent))
			name[++columns] = who[i]
	printf "Medians of %d rounds, and below them the ratio to the floor, or to Bellman\n", rounds
	print "where there is no floor." (less > 1 ? "  A quick look: 1/" less " of the messages of each row." : "") "\n"
	line = sprintf("%-6s", "")
	for (i = 1; i <= columns; i++)
		line = line cell(name[i])
	print line
	for (r = 1; r <= rows; r++) {
		t = row[r]
		if (!seen[t])
			continue
		base = median(t, "floor")
		if (base == "")
			base = median(t, "bellman")
		print "\n" t ": " what[t]
		line = ratios = sprintf("%-6s", "")
		for (i = 1; i <= columns; i++) {
			m = median(t, name[i])
			line = line cell(short(m))
			ratios = ratios cell(m == "" || base == 0 || base == "" ? "" : short(m / base))
		}
		print line
		print ratios
		k = split(goals[t], goal, ", *")
		for (i = 1; i <= k; i++)
			judge(t, goal[i])
	}
	printf "\n%d of %d goals are met.\n", met, asked
	for (i = 1; i <= n; i++)
		if (who[i] in absent)
			print who[i] " has no column: " absent[who[i]]
		else if (up[who[i]] != "")
			print who[i] ": " up[who[i]]
	if (notes)
		print "\nRemarks:"
	for (i = 1; i <= notes; i++)
		print "  " remarks[i]
}

function judge(t, goal,    part, other, ours, ratio, ok) {
	split(goal, part, " ")
	ours = median(t, "bellman")
	other = part[1] == "is" ? 1 : median(t, part[1])
	printf "      goal: %s %s%s: ", part[2] == "<=" ? "at most" : "at least", part[3], \
		part[1] == "is" ? "" : " times " part[1]
	if (ours == "" || other == "" || other == 0) {
		print "not known"
		return
	}
	ratio = ours / other
	ok = part[2] == "<=" ? ratio <= part[3] : ratio >= part[3]
	asked++
	met += ok
	print short(ratio) ", " (ok ? "yes" : "NO")
}
